/** The first thing seen: does it work, what waits, what is wrong, and who must act. */

import { useResource } from '../api/resource';
import type { Method, Overview as OverviewAnswer } from '../api/types';
import { daysWords, expiryText, expiryTone, figuresOf, headlineOf, worksTone } from '../lib/overview';
import { jobsPlace, placeOf } from '../lib/route';
import type { Tone } from '../lib/status';
import { sentence } from '../lib/text';
import { methodStateWords, sourceWords } from '../lib/words';
import { Icon } from '../parts/icon';
import { Loading, Trouble } from '../parts/states';
import { Statistics } from '../parts/statistics';
import { Pill, toneIcon } from '../parts/status';
import { useTitle } from '../parts/title';
import { Troubles } from '../parts/troubles';
import { useClock, When } from '../parts/when';

function Headline({ overview }: { overview: OverviewAnswer }) {
  const tone = worksTone(overview.works);
  const { head, rest } = headlineOf(overview.sentence);
  return (
    <section class={`headline ${tone}`} aria-label="Does it work?">
      <Icon name={toneIcon(tone)} size={34} />
      <div aria-live="polite">
        <h1>{head}</h1>
        {rest !== '' && <p class="headline-rest">{rest}</p>}
        <p>
          Last scan: <When at={overview.last_scan} ago />
        </p>
      </div>
    </section>
  );
}

function Figures({ overview }: { overview: OverviewAnswer }) {
  const clock = useClock();
  return (
    <ul class="figures-line" aria-label="In numbers">
      {figuresOf(overview, clock).map((figure) => (
        <li key={figure.label}>
          <a href={jobsPlace(figure.q)} class={`figure ${figure.tone}`}>
            <span class="figure-label">{figure.label}</span> <span class="figure-value">{figure.value}</span>{' '}
            <span class="figure-note">{figure.note}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

const methodTones: Record<Method['state'], Tone> = { up: 'good', down: 'bad', 'half-open': 'busy', unproven: 'wait' };

function Ways({ overview }: { overview: OverviewAnswer }) {
  return (
    <section class="panel" aria-labelledby="ways-title">
      <h2 id="ways-title">Ways to Microsoft</h2>
      <ul class="lines">
        {overview.methods.map((method) => (
          <li key={method.name}>
            <a href={placeOf(['methods', method.name])}>{method.name}</a>
            <Pill tone={methodTones[method.state] ?? 'quiet'} word={methodStateWords(method.state, true)} />
          </li>
        ))}
      </ul>
      {overview.expiries.length > 0 && (
        <>
          <h3>Running out</h3>
          <ul class="lines">
            {overview.expiries.map((expiry) => (
              <li key={`${expiry.method} ${expiry.what}`}>
                <span>{expiryText(expiry)}</span>
                <Pill tone={expiryTone(expiry.days)} word={daysWords(expiry.days)} icon="waiting" />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Doors({ overview }: { overview: OverviewAnswer }) {
  return (
    <section class="panel" aria-labelledby="doors-title">
      <h2 id="doors-title">Last scan of each source</h2>
      {overview.sources.length === 0 && <p class="muted">None yet.</p>}
      <ul class="lines">
        {overview.sources.map((source) => (
          <li key={`${source.kind} ${source.name}`}>
            <a href={jobsPlace(`source:${source.name || source.kind}`)}>{sourceWords(source.kind, source.name)}</a>
            <span class="muted">
              {source.silent && <Pill tone="held" word="Silent" />} <When at={source.last_scan} ago />
            </span>
            {source.trouble !== '' && <p class="fine bad-text">{sentence(source.trouble)}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Overview() {
  useTitle('');
  const overview = useResource<OverviewAnswer>('/api/v1/overview', ['job', 'method', 'source'], { calmMs: 1000 });
  return (
    <>
      {!overview.data && <h1 class="unseen">Overview</h1>}
      {overview.loading && <Loading what="the overview" rows={5} />}
      {overview.error && <Trouble problem={overview.error} what="The overview" retry={overview.reload} />}
      {overview.data && (
        <>
          <Headline overview={overview.data} />
          <Figures overview={overview.data} />
          <div class="pair first-wide">
            <Troubles overview={overview.data} reload={overview.reload} />
            <div>
              <Ways overview={overview.data} />
              <Doors overview={overview.data} />
            </div>
          </div>
        </>
      )}
      <Statistics />
    </>
  );
}
