/** What a search narrows to, each part with a way to take it away. */

import { chipText, parseQuery, withoutTerm } from '../lib/query';
import { Icon } from './icon';

export function Chips({ q, onChange }: { q: string; onChange: (q: string) => void }) {
  const terms = parseQuery(q);
  if (terms.length === 0) return null;
  return (
    <ul class="chips" aria-label="Filters">
      {terms.map((term) => (
        <li key={`${term.start} ${term.key}`}>
          <button
            type="button"
            class="chip"
            aria-label={`Take away: ${chipText(term)}`}
            onClick={() => onChange(withoutTerm(q, term))}
          >
            {chipText(term)}
            <Icon name="close" size={13} />
          </button>
        </li>
      ))}
      {terms.length > 1 && (
        <li>
          <button type="button" class="plain small" onClick={() => onChange('')}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}
