/** What is wrong, by cause: how many scans, who must act, and how. */

import { useState } from 'preact/hooks';
import type { Overview, Trouble } from '../api/types';
import { countText } from '../lib/bulk';
import { jobsPlace, placeOf } from '../lib/route';
import { countWords, sentence } from '../lib/text';
import { classWords } from '../lib/words';
import { BulkDialog, type BulkWish } from './bulk';
import { FixText } from './fix_text';
import { Icon } from './icon';
import { useMay } from './session';
import { Empty } from './states';
import { When } from './when';

function Item({ trouble, onRetry }: { trouble: Trouble; onRetry: (() => void) | null }) {
  return (
    <li class="trouble">
      <Icon name="held" />
      <div class="source-body">
        <p class="source-head">
          <strong>{sentence(trouble.summary || classWords(trouble.class))}</strong>
        </p>
        <p class="fine">
          <a href={jobsPlace(trouble.q)}>{countText({ count: trouble.count, more: trouble.more ?? false })}</a>
          {trouble.since && (
            <span class="muted">
              {' '}
              since <When at={trouble.since} />
            </span>
          )}
          {trouble.who !== '' && (
            <>
              <span class="muted"> · to act: </span>
              {trouble.who}
            </>
          )}
        </p>
        {trouble.fix !== '' && (
          <details>
            <summary>
              What to do<span class="unseen"> about: {trouble.summary}</span>
            </summary>
            <FixText fix={trouble.fix} />
          </details>
        )}
      </div>
      {onRetry && trouble.q !== '' && (
        <button type="button" class="secondary small" onClick={onRetry}>
          <Icon name="retry" size={14} /> Send again<span class="unseen">: {trouble.summary}</span>
        </button>
      )}
    </li>
  );
}

/** A way that is shut is wrong, too, while everything still goes by another. */
function ShutWay({ method }: { method: Overview['methods'][number] }) {
  return (
    <li class="trouble">
      <Icon name="failed" />
      <div class="source-body">
        <p class="source-head">
          <strong>
            {method.name} is shut: {sentence(method.reason || 'it refused')}
          </strong>
        </p>
        <p class="fine">
          <a href={placeOf(['methods', method.name])}>What to do about {method.name}</a>
          {method.since && (
            <span class="muted">
              {' '}
              since <When at={method.since} />
            </span>
          )}
        </p>
      </div>
    </li>
  );
}

/** Jobs that no group tells of. */
function Others({ count }: { count: number }) {
  return (
    <li class="trouble">
      <Icon name="held" />
      <div class="source-body">
        <p class="source-head">
          <strong>
            {countWords(count, 'job')} failed in part or whole, or {count === 1 ? 'waits' : 'wait'} for you.
          </strong>
        </p>
        <p class="fine">
          <a href={jobsPlace('status:failed,partial,held')}>Which?</a>
        </p>
      </div>
    </li>
  );
}

export function Troubles({ overview, reload }: { overview: Overview; reload: () => void }) {
  const { troubles } = overview;
  const shut = overview.methods.filter((method) => method.state === 'down');
  const others = troubles.length === 0 ? overview.failed_24h + overview.held : 0;
  const operator = useMay('operator');
  const [wish, setWish] = useState<BulkWish | null>(null);
  return (
    <section class="panel" aria-labelledby="troubles-title">
      <h2 id="troubles-title">What is wrong</h2>
      {troubles.length + shut.length + others === 0 && (
        <Empty icon="sent" title="Nothing">
          Whatever came in went out, or is on its way.
        </Empty>
      )}
      <ul class="sources">
        {shut.map((method) => (
          <ShutWay key={method.name} method={method} />
        ))}
        {others > 0 && <Others count={others} />}
        {troubles.map((trouble) => (
          <Item
            key={`${trouble.class} ${trouble.cause}`}
            trouble={trouble}
            onRetry={operator ? () => setWish({ action: 'retry', q: trouble.q, ids: null }) : null}
          />
        ))}
      </ul>
      <BulkDialog
        wish={wish}
        onClose={(done) => {
          setWish(null);
          if (done) reload();
        }}
      />
    </section>
  );
}
