/** What to do, cut into sentences and commands, so that commands can be copied. Pure.
 *
 * The daemon's texts are plain; a command has a line of its own and begins with a PowerShell verb ("Set-Mailbox ...") or
 * with one of our programs. Commands in a row are one block. */

export interface Piece {
  kind: 'text' | 'commands';
  text: string;
}

const command = /^(?:[A-Z][a-z]+-[A-Z][A-Za-z]+(?=\s|$)|(?:sudo )?(?:scanpost|systemctl|chmod|chown|openssl|dig|nslookup) )/;

export function piecesOf(fix: string): Piece[] {
  const pieces: Piece[] = [];
  for (const line of fix.split('\n')) {
    const text = line.trim();
    if (text === '') continue;
    const kind = command.test(text) ? 'commands' : 'text';
    const last = pieces[pieces.length - 1];
    if (last?.kind === kind) last.text += `\n${text}`;
    else pieces.push({ kind, text });
  }
  return pieces;
}

/** Addresses in a sentence become links: odd pieces are addresses. */
export function linksOf(text: string): string[] {
  return text.split(/(https:\/\/[^\s),;]*[^\s),;.])/);
}
