/** Numbers, sizes and lists in words. Pure. */

const units = ['KB', 'MB', 'GB', 'TB'] as const;

/** As the command line says it: powers of 1024. */
export function sizeWords(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let size = bytes / 1024;
  let unit = 0;
  while (size >= 1024 && unit + 1 < units.length) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export function numberWords(n: number): string {
  return n.toLocaleString('en-GB').replace(/,/g, '\u202f');
}

/** "1 job", "1 200 jobs" */
export function countWords(n: number, one: string, many = `${one}s`): string {
  return `${numberWords(n)} ${n === 1 ? one : many}`;
}

/** "a, b and c" */
export function listWords(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** "a@contoso.com and 2 more" */
export function firstAndMore(items: readonly string[]): string {
  const [first = ''] = items;
  return items.length > 1 ? `${first} and ${numberWords(items.length - 1)} more` : first;
}

/** Not of names and addresses: "smtp.office365.com" stays as it is. */
export function capital(text: string): string {
  if (/^\S*[.@:/\d]\S/.test(text)) return text;
  return text === '' ? '' : text[0]!.toUpperCase() + text.slice(1);
}

/** Ends as a sentence does, so that another can follow. */
export function sentence(text: string): string {
  const trimmed = capital(text.trim());
  return trimmed === '' || /[.!?:]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
