/** Below the fold of the overview: scans over time, how long delivery takes, failures by reason. */

import { useMemo, useState } from 'preact/hooks';
import { withQuery } from '../api/client';
import { zoneOffset } from '../api/job_list';
import { useResource } from '../api/resource';
import type { Stats } from '../api/types';
import { filled, noScans, scansSentence } from '../lib/chart';
import { jobsPlace } from '../lib/route';
import { countWords, sentence } from '../lib/text';
import { spanWords } from '../lib/time';
import { classWords } from '../lib/words';
import { Chart } from './chart';
import { Loading, Trouble } from './states';

const HOUR_MS = 3_600_000;
const spans = [
  { name: '24 hours', ms: 24 * HOUR_MS, after: '24h' },
  { name: '7 days', ms: 7 * 24 * HOUR_MS, after: '7d' },
  { name: '30 days', ms: 30 * 24 * HOUR_MS, after: '30d' },
  { name: '90 days', ms: 90 * 24 * HOUR_MS, after: '90d' },
] as const;
type Span = (typeof spans)[number];

function Scans({ stats, span, since }: { stats: Stats; span: Span; since: number }) {
  const buckets = filled(stats.buckets, stats.bucket, since, since + span.ms, noScans);
  const text = scansSentence(buckets, `the last ${span.name}`);
  return (
    <section class="panel wide" aria-labelledby="scans-title">
      <h2 id="scans-title">Scans</h2>
      <p class="muted">{text}</p>
      <Chart
        title="Scans"
        sentence={text}
        times={buckets.map((bucket) => bucket.at)}
        kind={stats.bucket}
        height={190}
        series={[
          { name: 'sent', colour: '--accent', values: buckets.map((bucket) => bucket.sent) },
          { name: 'failed', colour: '--bad', values: buckets.map((bucket) => bucket.failed) },
          {
            name: 'still on the way, or cancelled',
            colour: '--line-strong',
            values: buckets.map((bucket) => Math.max(0, bucket.received - bucket.sent - bucket.failed)),
          },
        ]}
      />
    </section>
  );
}

function Delivery({ delivery }: { delivery: Stats['delivery'] }) {
  const figures: [string, number | null][] = [
    ['half within', delivery.p50_ms],
    ['95 of 100 within', delivery.p95_ms],
    ['all within', delivery.max_ms],
  ];
  return (
    <section class="panel" aria-labelledby="delivery-title">
      <h2 id="delivery-title">From the copier to Microsoft</h2>
      {delivery.count === 0 ? (
        <p class="muted">Nothing was sent in this time.</p>
      ) : (
        <dl class="figures small">
          {figures.map(([label, ms]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{ms === null ? '–' : spanWords(ms)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function failureSearch(failure: Stats['failures'][number], after: string): string {
  const words = [
    failure.class === '' ? 'status:failed,partial' : `class:${failure.class}`,
    failure.cause === '' ? '' : `cause:${failure.cause}`,
    `after:${after}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

function Failures({ failures, after }: { failures: Stats['failures']; after: string }) {
  const most = Math.max(1, ...failures.map((failure) => failure.count));
  return (
    <section class="panel" aria-labelledby="failures-title">
      <h2 id="failures-title">Why scans failed</h2>
      {failures.length === 0 && <p class="muted">None did.</p>}
      <ul class="bars">
        {failures.slice(0, 8).map((failure) => (
          <li key={`${failure.class} ${failure.cause}`}>
            <a href={jobsPlace(failureSearch(failure, after))}>
              {sentence(failure.summary || classWords(failure.class) || 'nothing was tried').replace(/\.$/, '')}
            </a>
            <span class="bar-count">{countWords(failure.count, 'time')}</span>
            <span class="bar-line" aria-hidden="true" style={{ width: `${(failure.count / most) * 100}%` }} />
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Statistics() {
  const [span, setSpan] = useState<Span>(spans[2]);
  const since = useMemo(() => Date.now() - span.ms, [span]);
  const stats = useResource<Stats>(
    withQuery('/api/v1/stats', { since: new Date(since).toISOString(), zone_offset_min: zoneOffset() }),
    ['job'],
    { calmMs: 10_000 },
  );
  return (
    <section class="statistics" aria-label="Statistics">
      <ul class="tabs" aria-label="Time">
        {spans.map((item) => (
          <li key={item.name}>
            <button type="button" aria-pressed={item === span} onClick={() => setSpan(item)}>
              {item.name}
            </button>
          </li>
        ))}
      </ul>
      {stats.loading && <Loading what="the statistics" rows={3} />}
      {stats.error && <Trouble problem={stats.error} what="The statistics" retry={stats.reload} />}
      {stats.data && (
        <div class="pair">
          <Scans stats={stats.data} span={span} since={since} />
          <Delivery delivery={stats.data.delivery} />
          <Failures failures={stats.data.failures} after={span.after} />
        </div>
      )}
    </section>
  );
}
