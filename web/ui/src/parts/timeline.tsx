/** What was tried, newest first: a sentence each, and under "details" the words as they were said. */

import type { Attempt, Job } from '../api/types';
import { attemptFacts, attemptSentence, attemptTone, peerText } from '../lib/attempt';
import { cameBy } from '../lib/rows';
import { CopyButton } from './copy';
import { FixText } from './fix_text';
import { Icon } from './icon';
import { toneIcon } from './status';
import { When } from './when';

function Said({ label, text, what }: { label: string; text: string; what: string }) {
  return (
    <div class="said">
      <div class="said-head">
        <h3>{label}</h3>
        <CopyButton text={text} what={what} />
      </div>
      <pre tabIndex={0} role="group" aria-label={label}>
        {text}
      </pre>
    </div>
  );
}

function AttemptDetails({ attempt, withFix }: { attempt: Attempt; withFix: boolean }) {
  const peer = peerText(attempt);
  return (
    <details class="attempt-details">
      <summary>
        Details<span class="unseen"> of attempt {attempt.n}</span>
      </summary>
      <dl class="facts">
        {peer !== '' && (
          <div>
            <dt>With</dt>
            <dd>{peer}</dd>
          </div>
        )}
        {attempt.class !== '' && attempt.class !== 'ok' && (
          <div>
            <dt>Kind of trouble</dt>
            <dd>
              <code>{attempt.class}</code>
              {attempt.cause !== '' && (
                <>
                  , <code>{attempt.cause}</code>
                </>
              )}
            </dd>
          </div>
        )}
      </dl>
      {attempt.reply !== '' && <Said label="The answer, word for word" text={attempt.reply} what="the answer" />}
      {attempt.transcript && <Said label="The conversation" text={attempt.transcript} what="the conversation" />}
      {withFix && attempt.fix !== '' && attempt.outcome !== 'accepted' && (
        <>
          <h3>What to do</h3>
          <FixText fix={attempt.fix} />
        </>
      )}
    </details>
  );
}

function AttemptItem({ attempt, fixShown }: { attempt: Attempt; fixShown: string }) {
  const tone = attemptTone(attempt);
  return (
    <li class={`event ${tone}`}>
      <span class="event-mark">
        <Icon name={toneIcon(tone)} />
      </span>
      <div class="event-body">
        <p class="event-head">
          <strong>{attemptSentence(attempt)}</strong>
          <When at={attempt.started} />
        </p>
        <p class="muted fine">{attemptFacts(attempt).join(' · ')}</p>
        <AttemptDetails attempt={attempt} withFix={attempt.fix !== fixShown} />
      </div>
    </li>
  );
}

export function Timeline({ job, fixShown }: { job: Job; fixShown: string }) {
  const attempts = [...job.attempts].sort((a, b) => b.n - a.n);
  return (
    <ol class="timeline" reversed>
      {attempts.map((attempt) => (
        <AttemptItem key={attempt.n} attempt={attempt} fixShown={fixShown} />
      ))}
      <li class="event quiet">
        <span class="event-mark">
          <Icon name="down" />
        </span>
        <div class="event-body">
          <p class="event-head">
            <strong>Received, and safe on disk.</strong>
            <When at={job.created} />
          </p>
          <p class="muted fine">{cameBy(job)}</p>
        </div>
      </li>
    </ol>
  );
}
