/** What to do: sentences, and commands to copy. */

import { linksOf, piecesOf } from '../lib/fix';
import { CopyButton } from './copy';

function Sentence({ text }: { text: string }) {
  return (
    <>
      {linksOf(text).map((part, i) =>
        i % 2 === 1 ? (
          <a key={i} href={part} target="_blank" rel="noreferrer noopener">
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </>
  );
}

export function CommandBlock({ text, what = 'the commands' }: { text: string; what?: string }) {
  return (
    <div class="command">
      <pre tabIndex={0} role="group" aria-label="Commands">
        <code>{text}</code>
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}

export function FixText({ fix }: { fix: string }) {
  return (
    <div class="fix">
      {piecesOf(fix).map((piece, i) =>
        piece.kind === 'commands' ? (
          <CommandBlock key={i} text={piece.text} />
        ) : (
          <p key={i}>
            <Sentence text={piece.text} />
          </p>
        ),
      )}
    </div>
  );
}
