/** Pages of a PDF as pictures, by pdf.js. In a part of its own, loaded when somebody opens a document.
 *
 * Nothing of the document runs: no scripts, no forms, no links; only what is drawn is drawn. Pages come one after the
 * other, and only so many that the browser stays quick. */

import * as pdfjs from 'pdfjs-dist';

declare const PREVIEW_FOLDER: string;

const PAGES_MAX = 50;
const WIDTH = 1000;

export async function showPdf(
  data: Uint8Array,
  place: HTMLElement,
  name: string,
  signal: AbortSignal,
  onPage: (shown: number, of: number) => void,
): Promise<void> {
  pdfjs.GlobalWorkerOptions.workerSrc = `${PREVIEW_FOLDER}pdf.worker.min.js`;
  const task = pdfjs.getDocument({
    data,
    wasmUrl: PREVIEW_FOLDER,
    useWasm: false, // the Content-Security-Policy does not allow it
    enableXfa: false,
    stopAtErrors: false,
  });
  signal.addEventListener('abort', () => void task.destroy());
  const pdf = await task.promise;
  const count = Math.min(pdf.numPages, PAGES_MAX);
  onPage(0, pdf.numPages);
  for (let n = 1; n <= count && !signal.aborted; n++) {
    const page = await pdf.getPage(n);
    const scale = WIDTH / page.getViewport({ scale: 1 }).width;
    const viewport = page.getViewport({ scale });
    const canvas = document.createElement('canvas');
    canvas.width = viewport.width;
    canvas.height = viewport.height;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Page ${n} of ${name}`);
    place.append(canvas);
    await page.render({ canvas, viewport, annotationMode: pdfjs.AnnotationMode.DISABLE }).promise;
    page.cleanup();
    onPage(n, pdf.numPages);
  }
}
