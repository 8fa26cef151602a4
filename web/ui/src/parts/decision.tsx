/** Why this method, and why not the others. */

import type { Choice } from '../api/types';
import { Icon } from './icon';
import { sentence } from '../lib/text';

export function Decision({ decision }: { decision: Choice[] }) {
  if (decision.length === 0) return <p class="muted">Decided when it is first tried.</p>;
  return (
    <ul class="decision">
      {decision.map((choice) => (
        <li key={choice.method} class={choice.chosen ? 'chosen' : ''}>
          <Icon name={choice.chosen ? 'check' : 'skip'} size={16} />
          <div>
            <strong>{choice.method}</strong> <span class="muted">{choice.chosen ? 'chosen' : 'passed over'}</span>
            <p>{sentence(choice.reason)}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}
