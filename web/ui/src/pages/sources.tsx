/** Where scans come from, how each is doing, and who was not let in. */

import { useResource } from '../api/resource';
import type { Sources as SourcesAnswer } from '../api/types';
import { jobsPlace } from '../lib/route';
import { countWords } from '../lib/text';
import { Devices } from '../parts/devices';
import { Folders } from '../parts/folders';
import { Icon } from '../parts/icon';
import { Refusals } from '../parts/refusals';
import { Empty, Loading, Trouble } from '../parts/states';
import { useTitle } from '../parts/title';
import { When } from '../parts/when';

function Queues({ queues }: { queues: SourcesAnswer['queues'] }) {
  return (
    <section class="panel" aria-labelledby="queues-title">
      <h2 id="queues-title">Print queues</h2>
      {queues.length === 0 && (
        <Empty icon="queue" title="Nothing was printed to scanpost yet">
          A CUPS queue with the backend “scanpost” mails what is printed to it: scanpost-backend(8).
        </Empty>
      )}
      <ul class="sources">
        {queues.map((queue) => (
          <li key={queue.name} class="source">
            <Icon name="queue" />
            <div class="source-body">
              <p class="source-head">
                <strong>{queue.name}</strong>
                <a href={jobsPlace(`source:${queue.name}`)}>{countWords(queue.count, 'job')}</a>
              </p>
              <p class="muted fine">
                Last job: <When at={queue.last_scan} />.
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Sources() {
  useTitle('Sources');
  const sources = useResource<SourcesAnswer>('/api/v1/sources', ['source', 'job'], { calmMs: 1000 });
  return (
    <>
      <div class="room-head">
        <h1>Sources</h1>
        <p class="muted">Where scans come in.</p>
      </div>
      {sources.loading && <Loading what="the sources" />}
      {sources.error && <Trouble problem={sources.error} what="The sources" retry={sources.reload} />}
      {sources.data && (
        <div class="pair">
          <div>
            <Devices devices={sources.data.devices} reload={sources.reload} />
            <Folders folders={sources.data.folders} />
            <Queues queues={sources.data.queues} />
          </div>
          <Refusals refusals={sources.data.refusals} />
        </div>
      )}
    </>
  );
}
