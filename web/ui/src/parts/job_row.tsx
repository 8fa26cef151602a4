/** One job in a list: how it stands, what it is, whom it goes to, where it came from, when. */

import { memo } from './memo';
import type { JobRow } from '../api/types';
import { jobPlace } from '../lib/route';
import { cameBy, sizeOf, titleOf, userOf } from '../lib/rows';
import { statusOf } from '../lib/status';
import { firstAndMore, sizeWords } from '../lib/text';
import { sourceKind } from '../lib/words';
import { Pill } from './status';
import { When } from './when';

interface Props {
  job: JobRow;
  marked: boolean;
  onMark: ((id: string, marked: boolean) => void) | null;
}

function Row({ job, marked, onMark }: Props) {
  const status = statusOf(job);
  const title = titleOf(job);
  return (
    <tr role="row" class={marked ? 'job marked' : 'job'} data-job={job.id}>
      {onMark && (
        <td role="cell" class="cell-mark">
          <label>
            <span class="unseen">Mark {title}</span>
            <input type="checkbox" checked={marked} onChange={(event) => onMark(job.id, event.currentTarget.checked)} />
          </label>
        </td>
      )}
      <td role="cell" class="cell-status">
        <Pill tone={status.tone} word={status.word} />
        <span class="why">
          {status.why}
          {status.at && status.atMeans !== '' && (
            <>
              {status.why === '' ? '' : ', '}
              {status.atMeans} <When at={status.at} />
            </>
          )}
        </span>
      </td>
      <td role="cell" class="cell-scan">
        <a class="job-link" href={jobPlace(job.id)} title={title}>
          {title}
        </a>
        <span class="sub" title={job.subject}>
          {job.subject}
        </span>
      </td>
      <td role="cell" class="cell-to">
        <span class="cell-label" aria-hidden="true">
          to
        </span>{' '}
        <span title={job.recipients.map((recipient) => recipient.address).join('\n')}>
          {firstAndMore(job.recipients.map((recipient) => recipient.address))}
        </span>
      </td>
      <td role="cell" class="cell-source">
        <span title={cameBy(job)}>{job.source_name || sourceKind(job.source)}</span>
        <span class="sub">
          {[job.source_name === '' ? '' : sourceKind(job.source), userOf(job)].filter((word) => word !== '').join(', ')}
        </span>
      </td>
      <td role="cell" class="cell-when">
        <When at={job.created} />
        <span class="sub">{sizeWords(sizeOf(job))}</span>
      </td>
    </tr>
  );
}

export const JobLine = memo(Row);
