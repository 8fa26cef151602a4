/** Over a job: how it stands, what happens next, what one can do about it. */

import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import { asProblem } from '../api/resource';
import type { Job } from '../api/types';
import { type Action, bannerOf } from '../lib/status';
import { sentence } from '../lib/text';
import { FixText } from './fix_text';
import { ForwardDialog } from './forward';
import { Icon, type IconName } from './icon';
import { useMay } from './session';
import { toneIcon } from './status';
import { toast } from './toast';
import { When } from './when';

const buttons: Record<Action, { word: string; icon: IconName; style: string }> = {
  retry: { word: 'Send again', icon: 'retry', style: '' },
  forward: { word: 'Send to someone else', icon: 'forward', style: 'secondary' },
  cancel: { word: 'Cancel', icon: 'cancelled', style: 'secondary' },
};

function wordOf(action: Action, job: Job): string {
  return action === 'retry' && job.state === 'deferred' ? 'Try now' : buttons[action].word;
}

export function JobBanner({ job, onChanged }: { job: Job; onChanged: () => void }) {
  const banner = bannerOf(job);
  const operator = useMay('operator');
  const [busy, setBusy] = useState<Action | null>(null);
  const [forwarding, setForwarding] = useState(false);

  async function act(action: Action) {
    if (action === 'forward') {
      setForwarding(true);
      return;
    }
    setBusy(action);
    try {
      await ask('POST', `/api/v1/jobs/${job.id}/${action}`);
      toast(action === 'retry' ? 'Queued again' : 'Cancelled');
    } catch (problem) {
      toast(sentence(asProblem(problem).message), 'bad');
    }
    setBusy(null);
    onChanged();
  }

  return (
    <section class={`banner ${banner.tone}`} aria-label="How it stands">
      <Icon name={toneIcon(banner.tone)} size={26} />
      <div class="banner-body">
        <h2 aria-live="polite">{banner.title}</h2>
        <p>
          {banner.next}
          {banner.nextAt && (
            <>
              {' '}
              Next try:{' '}
              <strong>
                <When at={banner.nextAt} />
              </strong>{' '}
              (<When at={banner.nextAt} ago />
              ).
            </>
          )}
        </p>
        {banner.fix !== '' && (
          <div class="banner-fix">
            <h3>What to do</h3>
            <FixText fix={banner.fix} />
          </div>
        )}
        {operator && banner.actions.length > 0 && (
          <div class="banner-actions">
            {banner.actions.map((action) => (
              <button
                key={action}
                type="button"
                class={buttons[action].style}
                aria-busy={busy === action}
                disabled={busy !== null}
                onClick={() => void act(action)}
              >
                {busy !== action && <Icon name={buttons[action].icon} size={16} />} {wordOf(action, job)}
              </button>
            ))}
          </div>
        )}
      </div>
      <ForwardDialog job={job} open={forwarding} onClose={() => setForwarding(false)} />
    </section>
  );
}
