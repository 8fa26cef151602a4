/** The address in the page's own part of the URL: "#/jobs?q=to%3Aalice". Pure. */

export interface Place {
  /** "/jobs/01J..." cut at its slashes */
  parts: string[];
  query: URLSearchParams;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parsePlace(hash: string): Place {
  const text = hash.replace(/^#/, '');
  const at = text.indexOf('?');
  const path = at < 0 ? text : text.slice(0, at);
  return {
    parts: path
      .split('/')
      .filter((part) => part !== '')
      .map(decode),
    query: new URLSearchParams(at < 0 ? '' : text.slice(at + 1)),
  };
}

export function placeOf(parts: readonly string[], query: Record<string, string> = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== '') params.set(name, value);
  const path = `#/${parts.map(encodeURIComponent).join('/')}`;
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** A job's number: a ULID. What is none was mistyped, and is not asked for. */
export const isJobId = (text: string): boolean => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);

export const jobPlace = (id: string): string => placeOf(['jobs', id]);
export const jobsPlace = (q = ''): string => placeOf(['jobs'], { q });
