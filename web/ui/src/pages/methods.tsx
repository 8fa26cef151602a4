/** The ways to Microsoft: which is open, which is shut and why, how much of its budget is used, and a check of each. */

import { useEffect, useRef } from 'preact/hooks';
import { withQuery } from '../api/client';
import { zoneOffset } from '../api/job_list';
import { useResource } from '../api/resource';
import type { Method, Stats } from '../api/types';
import { filled } from '../lib/chart';
import { jobsPlace } from '../lib/route';
import type { Tone } from '../lib/status';
import { countWords, sentence } from '../lib/text';
import { spanWords } from '../lib/time';
import { methodStateWords, methodTypeWords } from '../lib/words';
import { Chart } from '../parts/chart';
import { CheckPanel } from '../parts/check_panel';
import { FixText } from '../parts/fix_text';
import { Gauge } from '../parts/gauge';
import { useMay } from '../parts/session';
import { Empty, Loading, Trouble } from '../parts/states';
import { Pill } from '../parts/status';
import { useTitle } from '../parts/title';
import { When } from '../parts/when';

const DAYS = 14;
const DAY_MS = 86_400_000;

function toneOf(method: Method): Tone {
  if (!method.enabled) return 'quiet';
  const tones: Record<Method['state'], Tone> = { up: 'good', down: 'bad', 'half-open': 'busy', unproven: 'wait' };
  return tones[method.state] ?? 'quiet';
}

function Budget({ method }: { method: Method }) {
  const { rate, per_day: day, connections } = method.budget;
  return (
    <div class="budget">
      {rate && (
        <Gauge label={`In the last ${spanWords(rate.window_s * 1000)}`} used={rate.used} of={rate.count} unit="messages" />
      )}
      {day && <Gauge label="In the last 24 hours" used={day.used} of={day.count} unit="recipients" />}
      <p class="muted fine">{countWords(connections, 'connection')} at once, for all copiers together</p>
    </div>
  );
}

function Success({ name, stats }: { name: string; stats: Stats | undefined }) {
  const found = stats?.methods.find((item) => item.name === name);
  if (!stats || !found || found.buckets.length === 0) return null;
  const until = Date.now();
  const buckets = filled(found.buckets, stats.bucket, until - DAYS * DAY_MS, until, (at) => ({ at, accepted: 0, failed: 0 }));
  const accepted = buckets.reduce((sum, bucket) => sum + bucket.accepted, 0);
  const failed = buckets.reduce((sum, bucket) => sum + bucket.failed, 0);
  const text = `${countWords(accepted, 'attempt')} accepted and ${failed} failed in the last ${DAYS} days`;
  return (
    <>
      <h3>The last {DAYS} days</h3>
      <Chart
        title={`${name}, the last ${DAYS} days`}
        sentence={text}
        times={buckets.map((bucket) => bucket.at)}
        kind={stats.bucket}
        height={110}
        series={[
          { name: 'accepted', colour: '--good', values: buckets.map((bucket) => bucket.accepted) },
          { name: 'failed', colour: '--bad', values: buckets.map((bucket) => bucket.failed) },
        ]}
      />
    </>
  );
}

function Card({ method, stats, chosen }: { method: Method; stats: Stats | undefined; chosen: boolean }) {
  const operator = useMay('operator');
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    if (chosen) card.current?.scrollIntoView({ block: 'start' });
  }, [chosen]);
  const shut = method.enabled && method.state === 'down';
  return (
    <section
      ref={card}
      class={`panel method ${toneOf(method)}`}
      aria-labelledby={`method-${method.name}`}
      data-method={method.name}
    >
      <header>
        <h2 id={`method-${method.name}`}>{method.name}</h2>
        <Pill tone={toneOf(method)} word={methodStateWords(method.state, method.enabled)} />
        <a class="push fine" href={jobsPlace(`method:${method.name}`)}>
          Its jobs<span class="unseen"> by {method.name}</span>
        </a>
      </header>
      <p class="muted fine">
        {methodTypeWords(method.type)}
        {method.tenant !== '' && `, for ${method.tenant}`}.
      </p>
      {shut && (
        <div class="method-why">
          <p>
            <strong>{sentence(method.reason || 'Shut')}</strong>
          </p>
          <p class="muted fine">
            Since <When at={method.since} />.{' '}
            {method.retry_at ? (
              <>
                Tried again <When at={method.retry_at} ago />, by the next scan.
              </>
            ) : (
              'Tried again by the next scan.'
            )}
          </p>
          {method.fix !== '' && <FixText fix={method.fix} />}
        </div>
      )}
      {!shut && method.enabled && (
        <p class="fine">
          {method.state === 'unproven' ? (
            'No mail was accepted this way yet. A test mail proves it.'
          ) : method.state === 'half-open' ? (
            'It was shut; the next scan tries whether it is open again.'
          ) : (
            <>
              Last accepted: <When at={method.proven_at} />.
            </>
          )}
        </p>
      )}
      <Budget method={method} />
      <Success name={method.name} stats={stats} />
      {operator && <CheckPanel method={method} />}
      {method.checked && (
        <p class="muted fine">
          Last check: <When at={method.checked} />, {method.check_outcome}.
        </p>
      )}
    </section>
  );
}

export function Methods({ chosen }: { chosen: string }) {
  useTitle('Methods');
  const methods = useResource<{ methods: Method[] }>('/api/v1/methods', ['method', 'check', 'job'], { calmMs: 1000 });
  const since = useRef(new Date(Date.now() - DAYS * DAY_MS).toISOString());
  const stats = useResource<Stats>(withQuery('/api/v1/stats', { since: since.current, zone_offset_min: zoneOffset() }));
  return (
    <>
      <div class="room-head">
        <h1>Methods</h1>
        <p class="muted">The ways to Microsoft 365. When one is shut, scans go by the next.</p>
      </div>
      {methods.loading && <Loading what="the methods" />}
      {methods.error && <Trouble problem={methods.error} what="The methods" retry={methods.reload} />}
      {methods.data?.methods.length === 0 && (
        <Empty icon="mail" title="No method is configured">
          scanpost.conf(5) tells how: a section “method” each.
        </Empty>
      )}
      <div class="cards">
        {methods.data?.methods.map((method) => (
          <Card key={method.name} method={method} stats={stats.data} chosen={chosen === method.name} />
        ))}
      </div>
    </>
  );
}
