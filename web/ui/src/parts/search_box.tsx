/** The one search box: free text, and words with a colon. What it means is offered while somebody writes. */

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { keys, stateGroups, states } from '../lib/query';
import { Icon } from './icon';
import { SEARCH_ID } from './keys';

interface Offer {
  text: string;
  means: string;
}

const PAUSE_MS = 350;
const OFFERS_MAX = 10;

/** What could follow the last word: a key, or a value of one that has few. */
function offersFor(text: string): Offer[] {
  const last = /\S*$/.exec(text)?.[0] ?? '';
  const bare = last.replace(/^-/, '').toLowerCase();
  if (bare.startsWith('status:'))
    return [...stateGroups, ...states]
      .filter((state) => state.startsWith(bare.slice(7)))
      .map((state) => ({ text: `status:${state} `, means: '' }));
  if (bare.includes(':')) return [];
  return keys
    .filter((item) => item.key.startsWith(bare))
    .map((item) => ({ text: `${item.key}:`, means: `${item.means}, as ${item.example}` }));
}

export function SearchBox({ q, onSearch }: { q: string; onSearch: (q: string) => void }) {
  const [text, setText] = useState(q);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const box = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const list = useId();
  const offers = open ? offersFor(text).slice(0, OFFERS_MAX) : [];

  // The address may change by a chip, or by Back; what is being written stays.
  const sent = useRef(q);
  useEffect(() => {
    if (q !== sent.current.trim()) setText(q);
    sent.current = q;
  }, [q]);
  useEffect(() => () => clearTimeout(timer.current), []);

  function search(words: string, soon: boolean) {
    clearTimeout(timer.current);
    const act = () => {
      sent.current = words;
      onSearch(words.trim());
    };
    if (soon) timer.current = setTimeout(act, PAUSE_MS);
    else act();
  }

  function write(words: string) {
    setText(words);
    setAt(-1);
    setOpen(true);
    if (!/(^|\s)-?[a-z]+:$/i.test(words)) search(words, true); // a key without a value finds nothing yet
  }

  function take(offer: Offer) {
    const words = text.replace(/(-?)\S*$/, `$1${offer.text}`);
    setText(words);
    setAt(-1);
    box.current?.focus();
    if (offer.text.endsWith(' ')) {
      setOpen(false);
      search(words, false);
    }
  }

  function pressed(event: KeyboardEvent) {
    const offer = offers[at];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (offers.length === 0) return;
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt((now) => (now + step + offers.length + (now < 0 && step < 0 ? 1 : 0)) % offers.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (offer) take(offer);
      else {
        setOpen(false);
        search(text, false);
      }
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (offers.length > 0) setOpen(false);
      else if (text !== '') {
        setText('');
        search('', false);
      } else box.current?.blur();
    }
  }

  return (
    <search class="search">
      <Icon name="search" />
      <input
        ref={box}
        id={SEARCH_ID}
        type="text"
        enterkeyhint="search"
        role="combobox"
        aria-label="Search jobs"
        aria-expanded={offers.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={at >= 0 && at < offers.length ? `${list}-${at}` : undefined}
        placeholder="Search: a name, an address, to:alice, status:failed"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        maxLength={200}
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={pressed}
      />
      <kbd aria-hidden="true">/</kbd>
      <ul id={list} role="listbox" aria-label="Search words" hidden={offers.length === 0}>
        {offers.map((offer, i) => (
          <li
            key={offer.text}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === at}
            onMouseDown={(event) => {
              event.preventDefault();
              take(offer);
            }}
          >
            <code>{offer.text}</code> <span class="muted">{offer.means}</span>
          </li>
        ))}
      </ul>
    </search>
  );
}
