/** Recipients one by one, with the answer that each got. */

import { useState } from 'preact/hooks';
import type { Recipient } from '../api/types';
import type { Tone } from '../lib/status';
import { numberWords } from '../lib/text';
import { Pill } from './status';

const FIRST = 20;
const states: Record<Recipient['state'], { tone: Tone; word: string }> = {
  sent: { tone: 'good', word: 'Accepted' },
  failed: { tone: 'bad', word: 'Refused' },
  waiting: { tone: 'wait', word: 'Waiting' },
};
/** Who has trouble is looked for first. */
const order: Record<Recipient['state'], number> = { failed: 0, waiting: 1, sent: 2 };

export function Recipients({ recipients }: { recipients: Recipient[] }) {
  const [all, setAll] = useState(false);
  const sorted = [...recipients].sort((a, b) => (order[a.state] ?? 9) - (order[b.state] ?? 9));
  const shown = all ? sorted : sorted.slice(0, FIRST);
  return (
    <>
      <ul class="recipients">
        {shown.map((recipient) => {
          const state = states[recipient.state] ?? { tone: 'quiet' as const, word: recipient.state };
          return (
            <li key={recipient.address}>
              <Pill tone={state.tone} word={state.word} />
              <div>
                <span class="address">{recipient.address}</span>
                {recipient.cc && <span class="muted"> cc</span>}
                {recipient.method !== '' && <span class="muted"> by {recipient.method}</span>}
                {recipient.reply !== '' && <p class="reply">{recipient.reply}</p>}
              </div>
            </li>
          );
        })}
      </ul>
      {sorted.length > shown.length && (
        <button type="button" class="plain small" onClick={() => setAll(true)}>
          Show all {numberWords(sorted.length)}
        </button>
      )}
    </>
  );
}
