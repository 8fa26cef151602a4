/** Who was refused at the door, and why: a scan that "did not arrive" may never have come in. */

import type { Refusal } from '../api/types';
import { countWords, sentence } from '../lib/text';
import { doorWords } from '../lib/words';
import { Icon } from './icon';
import { Empty } from './states';
import { When } from './when';

export function Refusals({ refusals }: { refusals: Refusal[] }) {
  return (
    <section class="panel" aria-labelledby="refusals-title">
      <h2 id="refusals-title">Refused at the door</h2>
      {refusals.length === 0 && (
        <Empty icon="door" title="Nobody was refused">
          A wrong token, a wrong route or a file of a type that is not accepted would be here, with the reason.
        </Empty>
      )}
      <ul class="sources">
        {refusals.map((refusal, i) => (
          <li key={`${refusal.at} ${i}`} class="source">
            <Icon name="door" />
            <div class="source-body">
              <p class="source-head">
                <strong>{sentence(refusal.reason)}</strong>
                <span class="muted">
                  <When at={refusal.at} />
                </span>
              </p>
              <p class="muted fine break">
                {doorWords(refusal.door)}
                {refusal.who !== '' && `, ${refusal.who}`}
                {refusal.address !== '' && `, from ${refusal.address}`}
                {refusal.status !== null && `, answered ${refusal.status}`}
                {refusal.what && `, ${refusal.what}`}
                {refusal.count > 1 && `, ${countWords(refusal.count, 'time')}`}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
