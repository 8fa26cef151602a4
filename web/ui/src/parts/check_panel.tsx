/** A check of a method: the stages tick through as the sender walks them. */

import { useEffect, useState } from 'preact/hooks';
import { ask } from '../api/client';
import { asProblem, useResource } from '../api/resource';
import type { Check, CheckStep, Method } from '../api/types';
import { checkVerdict, stepTone } from '../lib/check';
import { sentence } from '../lib/text';
import { FixText } from './fix_text';
import { Icon } from './icon';
import { toneIcon } from './status';
import { When } from './when';

/** Events may not come through: then a running check is asked for as long as it runs. */
const ASK_MS = 1500;

function Step({ step }: { step: CheckStep }) {
  const tone = stepTone(step.outcome);
  return (
    <li class={`event ${tone}`}>
      <span class="event-mark">
        <Icon name={toneIcon(tone)} />
      </span>
      <div class="event-body">
        <p class="event-head">
          <strong>{step.title || step.stage}</strong>
        </p>
        {step.text !== '' && <p class="fine">{sentence(step.text)}</p>}
        {step.reply !== '' && <p class="reply">{step.reply}</p>}
        {step.fix !== '' && <FixText fix={step.fix} />}
      </div>
    </li>
  );
}

function Steps({ id }: { id: string }) {
  const check = useResource<Check>(`/api/v1/checks/${id}`, ['check'], {
    matters: (event) => event.id === undefined || event.id === id,
  });
  const running = check.data !== undefined && check.data.state !== 'done';
  const { reload } = check;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(reload, ASK_MS);
    return () => clearInterval(timer);
  }, [running, reload]);

  if (check.error) return <p class="notice bad">{sentence(check.error.message)}</p>;
  if (!check.data) return <p aria-busy="true">Asking for a check</p>;
  const verdict = checkVerdict(check.data);
  return (
    <div class="check">
      <p class={`check-verdict ${verdict.tone}`} role="status" aria-busy={running}>
        {!running && <Icon name={toneIcon(verdict.tone)} />} {verdict.text}
        {check.data.finished && (
          <span class="muted">
            {' '}
            <When at={check.data.finished} />
          </span>
        )}
      </p>
      <ol class="timeline steps">
        {check.data.steps.map((step, i) => (
          <Step key={i} step={step} />
        ))}
      </ol>
    </div>
  );
}

export function CheckPanel({ method }: { method: Method }) {
  const [id, setId] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const [mailing, setMailing] = useState(false);
  const [address, setAddress] = useState('');

  async function start(send: string) {
    setBusy(true);
    setError('');
    try {
      const made = await ask<Check>(
        'POST',
        `/api/v1/methods/${encodeURIComponent(method.name)}/check`,
        send === '' ? {} : { body: { send } },
      );
      setId(made.id);
      setMailing(false);
    } catch (problem) {
      setError(sentence(asProblem(problem).message));
    }
    setBusy(false);
  }

  return (
    <div class="check-panel">
      <div class="check-actions">
        <button type="button" class="small" aria-busy={busy} disabled={busy || !method.enabled} onClick={() => void start('')}>
          {!busy && <Icon name="play" size={14} />} Check now<span class="unseen"> {method.name}</span>
        </button>
        <button
          type="button"
          class="plain small"
          aria-expanded={mailing}
          disabled={busy || !method.enabled}
          onClick={() => setMailing(!mailing)}
        >
          Prove it with a test mail<span class="unseen"> by {method.name}</span>
        </button>
      </div>
      {mailing && (
        <form
          class="inline-form"
          onSubmit={(event) => {
            event.preventDefault();
            void start(address.trim());
          }}
        >
          <label>
            Send it to
            <input
              type="email"
              required
              value={address}
              placeholder="you@example.com"
              onInput={(event) => setAddress(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="small" disabled={busy}>
            Send
          </button>
        </form>
      )}
      {error && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      {id && <Steps key={id} id={id} />}
    </div>
  );
}
