/** Where in the page one is, for components. */

import { useEffect, useState } from 'preact/hooks';
import { parsePlace, type Place } from '../lib/route';

export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parsePlace(hash);
}

/** replace: the browser's Back does not stop at where one was. */
export function goTo(place: string, replace = false): void {
  if (place === location.hash) return;
  if (!replace) {
    location.hash = place;
    return;
  }
  history.replaceState(null, '', place);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
