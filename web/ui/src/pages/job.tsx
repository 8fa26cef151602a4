/** One job: what became of it, what was tried, whom it goes to, what it is. */

import type { ComponentChildren } from 'preact';
import { lastList } from '../api/job_list';
import { useResource } from '../api/resource';
import type { Job } from '../api/types';
import { isJobId, jobPlace, jobsPlace } from '../lib/route';
import { cameBy, titleOf } from '../lib/rows';
import { bannerOf } from '../lib/status';
import { numberWords } from '../lib/text';
import { CopyButton } from '../parts/copy';
import { Decision } from '../parts/decision';
import { Documents } from '../parts/documents';
import { Icon } from '../parts/icon';
import { JobBanner } from '../parts/job_banner';
import { useKeys } from '../parts/keys';
import { goTo } from '../parts/place';
import { Recipients } from '../parts/recipients';
import { Empty, Loading, Trouble } from '../parts/states';
import { Timeline } from '../parts/timeline';
import { useTitle } from '../parts/title';
import { When } from '../parts/when';

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function jobLinks(ids: readonly string[]) {
  return ids.map((id, i) => (
    <span key={id}>
      {i > 0 && ', '}
      <a href={jobPlace(id)}>{id}</a>
    </span>
  ));
}

function listOf(ids: string | string[] | null | undefined): string[] {
  if (!ids) return [];
  return typeof ids === 'string' ? [ids] : ids;
}

function Facts({ job }: { job: Job }) {
  const to = listOf(job.forwarded_to);
  return (
    <dl class="facts">
      <Fact label="Subject">{job.subject}</Fact>
      <Fact label="From">{job.from}</Fact>
      <Fact label="Came by">{cameBy(job)}</Fact>
      <Fact label="Taken">
        <When at={job.created} />
      </Fact>
      {job.finished && (
        <Fact label="Finished">
          <When at={job.finished} />
        </Fact>
      )}
      {job.route !== '' && <Fact label="Route">{job.route}</Fact>}
      {job.duplicate_of && <Fact label="Looks like">{jobLinks([job.duplicate_of])}</Fact>}
      {job.forwarded_from && <Fact label="Sent on from">{jobLinks([job.forwarded_from])}</Fact>}
      {to.length > 0 && <Fact label="Sent on as">{jobLinks(to)}</Fact>}
      <Fact label="Message-ID">
        <code class="break">{job.message_id}</code> <CopyButton text={job.message_id} what="the Message-ID" label="Copy" />
      </Fact>
      <Fact label="Job">
        <code class="break">{job.id}</code> <CopyButton text={job.id} what="the number of the job" label="Copy" />
      </Fact>
    </dl>
  );
}

function Part({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-labelledby={`story-${id}`}>
      <h2 id={`story-${id}`}>{title}</h2>
      {children}
    </section>
  );
}

function Story({ job, reload }: { job: Job; reload: () => void }) {
  const title = titleOf(job);
  useTitle(title);
  return (
    <>
      <div class="room-head">
        <h1 class="break">{title}</h1>
      </div>
      <JobBanner job={job} onChanged={reload} />
      <div class="story">
        <div>
          <Part id="attempts" title="What happened">
            <Timeline job={job} fixShown={bannerOf(job).fix} />
          </Part>
          <Part id="facts" title="The scan">
            <Documents job={job} />
            <Facts job={job} />
          </Part>
        </div>
        <div>
          <Part
            id="recipients"
            title={job.recipients.length > 1 ? `${numberWords(job.recipients.length)} recipients` : 'Recipient'}
          >
            <Recipients recipients={job.recipients} />
          </Part>
          <Part id="decision" title="Why this way">
            <Decision decision={job.decision} />
          </Part>
        </div>
      </div>
    </>
  );
}

function neighbour(id: string, step: number): string | undefined {
  const ids = lastList.rows.map((row) => row.id);
  const at = ids.indexOf(id);
  return at < 0 ? undefined : ids[at + step];
}

export function JobPage({ id }: { id: string }) {
  const known = isJobId(id);
  const job = useResource<Job>(known ? `/api/v1/jobs/${id}` : null, ['job'], {
    matters: (event) => event.id === undefined || event.id === id,
  });
  const move = (step: number) => {
    const other = neighbour(id, step);
    if (other) goTo(jobPlace(other), true);
  };
  const back = () => goTo(jobsPlace(lastList.q));
  useTitle('Job');
  useKeys({ j: () => move(1), k: () => move(-1), Escape: back });
  return (
    <>
      <p class="crumbs">
        <a href={jobsPlace(lastList.q)}>
          <Icon name="back" size={15} /> Jobs
        </a>
      </p>
      {job.loading && <Loading what="the job" rows={6} />}
      {(!known || job.error?.status === 404) && (
        <>
          <h1 class="unseen">Job</h1>
          <Empty icon="search" title="There is no such job">
            It may be older than the history that is kept.
          </Empty>
        </>
      )}
      {job.error && job.error.status !== 404 && <Trouble problem={job.error} what="The job" retry={job.reload} />}
      {job.data && <Story job={job.data} reload={job.reload} />}
    </>
  );
}
