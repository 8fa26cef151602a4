/** Drop folders: what came, what is in them, what is wrong. */

import type { Folder } from '../api/types';
import { hereFrom, smbWay } from '../lib/panel';
import { jobsPlace } from '../lib/route';
import { countWords, sentence } from '../lib/text';
import { spanWords } from '../lib/time';
import { Icon } from './icon';
import { PanelHelp } from './panel_help';
import { useSigned } from './session';
import { Empty } from './states';
import { Pill } from './status';
import { When } from './when';

function FolderItem({ folder }: { folder: Folder }) {
  const { about } = useSigned();
  const here = hereFrom(location.origin, about?.hostname ?? '');
  return (
    <li class={folder.trouble === '' ? 'source' : 'source troubled'}>
      <Icon name="folder" />
      <div class="source-body">
        <p class="source-head">
          <strong>{folder.name}</strong>
          {folder.silent && <Pill tone="held" word="Silent" />}
          <a href={jobsPlace(`source:${folder.name}`)}>{countWords(folder.count ?? folder.taken, 'scan')}</a>
        </p>
        {folder.trouble !== '' && (
          <p class="notice bad">
            <Icon name="failed" />
            <span>{sentence(folder.trouble)}</span>
          </p>
        )}
        <p class="muted fine break">
          {folder.path}. Last scan: <When at={folder.last_scan} />.{' '}
          {folder.waiting > 0 && `${countWords(folder.waiting, 'file')} being watched until complete. `}
          {folder.rejected > 0 && `${countWords(folder.rejected, 'file')} moved to rejected/ since the start. `}
          {folder.subfolders > 0 && `${countWords(folder.subfolders, 'sub-folder')}. `}
          {folder.watch === 'poll' && 'Looked at every few seconds, because changes are not told there.'}
        </p>
        {folder.advised_settle_ms !== null && (
          <p class="fine">
            A source pauses long while it writes: <code>settle = {Math.ceil(folder.advised_settle_ms / 1000)}s</code> would be
            safe (it went on after {spanWords(folder.advised_settle_ms / 2)}).
          </p>
        )}
        <details>
          <summary>
            What to type into the panel<span class="unseen"> for {folder.name}</span>
          </summary>
          <PanelHelp ways={[smbWay(here, folder.name)]} />
        </details>
      </div>
    </li>
  );
}

export function Folders({ folders }: { folders: Folder[] }) {
  return (
    <section class="panel" aria-labelledby="folders-title">
      <h2 id="folders-title">Folders</h2>
      {folders.length === 0 && (
        <Empty icon="folder" title="No folder is watched">
          A section “folder” in scanpost.conf makes one.
        </Empty>
      )}
      <ul class="sources">
        {folders.map((folder) => (
          <FolderItem key={folder.name} folder={folder} />
        ))}
      </ul>
    </section>
  );
}
