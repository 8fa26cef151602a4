/** The documents of a job: their names for everybody, themselves for admins. */

import { useState } from 'preact/hooks';
import type { Job, JobDocument } from '../api/types';
import { previewKind, typeWords } from '../lib/preview';
import { sizeWords } from '../lib/text';
import { Dialog } from './dialog';
import { Icon } from './icon';
import { Preview } from './preview';
import { useMay } from './session';

function pathOf(job: Job, document: JobDocument): string {
  return `/api/v1/jobs/${job.id}/document/${document.n}`;
}

export function Documents({ job }: { job: Job }) {
  const admin = useMay('admin');
  const [open, setOpen] = useState<JobDocument | null>(null);
  return (
    <>
      <ul class="documents">
        {job.documents.map((document) => (
          <li key={document.n}>
            <Icon name="file" />
            <div>
              <span class="name">{document.name}</span>
              <span class="muted fine">
                {typeWords(document.type)}, {sizeWords(document.size)}
              </span>
              <details class="digest">
                <summary>SHA-256</summary>
                <code>{document.sha256}</code>
              </details>
            </div>
            {admin && !job.documents_deleted && (
              <span class="document-actions">
                {previewKind(document.type) !== 'none' && (
                  <button type="button" class="secondary small" onClick={() => setOpen(document)}>
                    Look<span class="unseen"> at {document.name}</span>
                  </button>
                )}
                <a class="button secondary small" href={pathOf(job, document)} download={document.name}>
                  <Icon name="download" size={15} />
                  <span class="unseen">Download {document.name}</span>
                </a>
              </span>
            )}
          </li>
        ))}
      </ul>
      {job.documents_deleted && <p class="muted">Deleted when their time was over; the history stays.</p>}
      {!admin && !job.documents_deleted && <p class="muted fine">Only administrators may open them.</p>}
      <Dialog open={open !== null} title={open?.name ?? ''} onClose={() => setOpen(null)} wide>
        {open && (
          <Preview path={`${pathOf(job, open)}?inline=1`} name={open.name} kind={previewKind(open.type)} size={open.size} />
        )}
      </Dialog>
    </>
  );
}
