/** What is wrong, by cause: how many scans, who must act, and how. */

import { useState } from 'preact/hooks';
import type { Trouble } from '../api/types';
import { countText } from '../lib/bulk';
import { jobsPlace } from '../lib/route';
import { sentence } from '../lib/text';
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

export function Troubles({ troubles, reload }: { troubles: Trouble[]; reload: () => void }) {
  const operator = useMay('operator');
  const [wish, setWish] = useState<BulkWish | null>(null);
  return (
    <section class="panel" aria-labelledby="troubles-title">
      <h2 id="troubles-title">What is wrong</h2>
      {troubles.length === 0 && <Empty icon="sent" title="Nothing" />}
      <ul class="sources">
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
