/** A document on the page. What shows PDFs is loaded when the first one is opened. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { askResponse, type Problem } from '../api/client';
import { asProblem } from '../api/resource';
import type { PreviewKind } from '../lib/preview';
import { sizeWords } from '../lib/text';
import { Trouble } from './states';

interface Props {
  path: string;
  name: string;
  kind: PreviewKind;
  size: number;
}

/** The bytes, with how far they are. */
async function fetchBytes(
  path: string,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await askResponse('GET', path, { signal, headers: { Accept: '*/*' } });
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    onProgress(size);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function Picture({ bytes, name, onError }: { bytes: Uint8Array<ArrayBuffer>; name: string; onError: () => void }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes]));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  return url === '' ? null : <img src={url} alt={`The scan ${name}`} onError={onError} />;
}

function Pages({ bytes, name, onError }: { bytes: Uint8Array<ArrayBuffer>; name: string; onError: (error: unknown) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const [pages, setPages] = useState<{ shown: number; of: number } | null>(null);
  useEffect(() => {
    const control = new AbortController();
    import('../lazy/pdf')
      .then(
        ({ showPdf }) =>
          place.current && showPdf(bytes.slice(), place.current, name, control.signal, (shown, of) => setPages({ shown, of })),
      )
      .catch((error: unknown) => !control.signal.aborted && onError(error));
    return () => control.abort();
  }, [bytes]);
  return (
    <>
      <p class="muted fine" role="status">
        {pages ? `${pages.shown} of ${pages.of} pages` : <span aria-busy="true">Preparing the pages</span>}
      </p>
      <div ref={place} class="pages" />
    </>
  );
}

export function Preview({ path, name, kind, size }: Props) {
  const [bytes, setBytes] = useState<Uint8Array<ArrayBuffer> | null>(null);
  const [got, setGot] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [broken, setBroken] = useState('');
  useEffect(() => {
    const control = new AbortController();
    fetchBytes(path, control.signal, setGot).then(
      setBytes,
      (error: unknown) => !control.signal.aborted && setProblem(asProblem(error)),
    );
    return () => control.abort();
  }, [path]);

  if (problem) return <Trouble problem={problem} what="The document" />;
  if (broken) return <p class="notice held">{broken}</p>;
  if (!bytes)
    return (
      <p role="status">
        <progress value={got} max={size} aria-label="Loading the document" /> {sizeWords(got)} of {sizeWords(size)}
      </p>
    );
  const cannot = () => setBroken('The browser cannot show this document; it may be damaged. Download it to look closer.');
  return (
    <div class="preview">
      {kind === 'pdf' ? (
        <Pages bytes={bytes} name={name} onError={cannot} />
      ) : (
        <Picture bytes={bytes} name={name} onError={cannot} />
      )}
    </div>
  );
}
