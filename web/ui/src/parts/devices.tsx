/** Devices, each with a token of its own: made here, shown once, revoked here. */

import type { TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import { asProblem } from '../api/resource';
import type { RouteAbout, Token } from '../api/types';
import { hereFrom, httpWay, type PanelWay, webdavWay } from '../lib/panel';
import { jobsPlace } from '../lib/route';
import { countWords, listWords, sentence } from '../lib/text';
import { CopyButton } from './copy';
import { Dialog } from './dialog';
import { Field } from './field';
import { Icon } from './icon';
import { PanelHelp } from './panel_help';
import { useMay, useSigned } from './session';
import { Empty } from './states';
import { Pill } from './status';
import { toast } from './toast';
import { When } from './when';

interface Made {
  name: string;
  token: string;
  route: string;
}

function useWays(): (route: string, token: string) => PanelWay[] {
  const { about } = useSigned();
  const here = hereFrom(location.origin, about?.hostname ?? '');
  return (route, token) => {
    const routes = route !== '' ? [route] : (about?.routes ?? []).map((item) => item.name).slice(0, 1);
    return [...routes.map((name) => webdavWay(here, name, token)), httpWay(here, route, token)];
  };
}

function routeText(route: RouteAbout): string {
  if (route.to.length === 0) return route.name;
  return `${route.name} (to ${listWords(route.to.slice(0, 2))}${route.to.length > 2 ? ' and more' : ''})`;
}

function MakeToken({ onMade, onClose }: { onMade: (made: Made) => void; onClose: () => void }) {
  const { about } = useSigned();
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const route = String(form.get('route') ?? '');
    const to = String(form.get('to') ?? '')
      .split(/[\s,;]+/)
      .filter((item) => item !== '');
    setBusy(true);
    try {
      const made = await ask<{ name: string; token: string }>('POST', '/api/v1/tokens', {
        body: { name: form.get('name'), ...(route === '' ? {} : { route }), ...(to.length === 0 ? {} : { to }) },
      });
      onMade({ ...made, route });
    } catch (problem) {
      setError(sentence(asProblem(problem).message));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit}>
      {error && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      <Field label="Device" hint="Small letters, digits, “.”, “_” and “-”.">
        {(ties) => (
          <input
            {...ties}
            name="name"
            required
            maxLength={64}
            pattern="[a-z0-9._\-]+"
            placeholder="copier-2nd-floor"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
          />
        )}
      </Field>
      <Field label="Route">
        {(ties) =>
          about && about.routes.length > 0 ? (
            <select {...ties} name="route">
              <option value="">any: the device says to whom</option>
              {about.routes.map((route) => (
                <option key={route.name} value={route.name}>
                  {routeText(route)}
                </option>
              ))}
            </select>
          ) : (
            <input {...ties} name="route" maxLength={64} autocomplete="off" />
          )
        }
      </Field>
      <Field label="May send to" hint="Addresses or *@domain. Empty: only whom the route names.">
        {(ties) => <textarea {...ties} name="to" rows={2} spellcheck={false} autocapitalize="none" placeholder="*@contoso.com" />}
      </Field>
      <footer class="dialog-actions">
        <button type="button" class="secondary" onClick={onClose}>
          Leave it
        </button>
        <button type="submit" aria-busy={busy} disabled={busy}>
          Make the token
        </button>
      </footer>
    </form>
  );
}

function ShowToken({ made, onClose }: { made: Made; onClose: () => void }) {
  const ways = useWays();
  return (
    <>
      <p class="notice held">
        <Icon name="key" />
        <span>This is the only time the token is shown. Copy it, or type it into the panel now.</span>
      </p>
      <p class="token">
        <code class="break">{made.token}</code> <CopyButton text={made.token} what="the token" label="Copy" />
      </p>
      <h3>What to type into the copier’s panel</h3>
      <PanelHelp ways={ways(made.route, made.token)} />
      <footer class="dialog-actions">
        <button type="button" onClick={onClose}>
          I have it
        </button>
      </footer>
    </>
  );
}

function Device({ device, onRevoke }: { device: Token; onRevoke: ((device: Token) => void) | null }) {
  const ways = useWays();
  const gone = device.revoked !== null;
  return (
    <li class={gone ? 'source gone' : 'source'} data-device={device.name}>
      <Icon name="device" />
      <div class="source-body">
        <p class="source-head">
          <strong>{device.name}</strong>
          {gone && <Pill tone="quiet" word="Revoked" />}
          {device.silent && !gone && <Pill tone="held" word="Silent" />}
          {device.count !== undefined && <a href={jobsPlace(`source:${device.name}`)}>{countWords(device.count, 'scan')}</a>}
        </p>
        <p class="muted fine">
          {device.route !== '' ? `Route ${device.route}` : 'Any route'}
          {device.to.length > 0 && `, may send to ${listWords(device.to)}`}. Last scan: <When at={device.last_scan ?? null} />.
          Last seen: <When at={device.last_used} />.
          {gone && (
            <>
              {' '}
              Revoked: <When at={device.revoked} />.
            </>
          )}
        </p>
        {!gone && (
          <details>
            <summary>
              What to type into the panel<span class="unseen"> of {device.name}</span>
            </summary>
            <PanelHelp ways={ways(device.route, 'sp_…')} />
            <p class="muted fine">sp_… stands for the token, which was shown once when it was made.</p>
          </details>
        )}
      </div>
      {onRevoke && !gone && (
        <button type="button" class="secondary small" onClick={() => onRevoke(device)}>
          Revoke<span class="unseen"> {device.name}</span>
        </button>
      )}
    </li>
  );
}

export function Devices({ devices, reload }: { devices: Token[]; reload: () => void }) {
  const admin = useMay('admin');
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const [ending, setEnding] = useState<Token | null>(null);
  const close = () => {
    setMaking(false);
    setMade(null);
  };

  async function revoke(device: Token) {
    try {
      await ask('DELETE', `/api/v1/tokens/${encodeURIComponent(device.name)}`);
      toast(`The token of ${device.name} is worth nothing now`);
    } catch (problem) {
      toast(sentence(asProblem(problem).message), 'bad');
    }
    setEnding(null);
    reload();
  }

  return (
    <section class="panel" aria-labelledby="devices-title">
      <header>
        <h2 id="devices-title">Devices</h2>
        {admin && (
          <button type="button" class="small push" onClick={() => setMaking(true)}>
            <Icon name="plus" size={15} /> Add a device
          </button>
        )}
      </header>
      {devices.length === 0 && (
        <Empty icon="device" title="No device has a token yet">
          A copier that speaks HTTP or WebDAV gets one of its own, so that it can be told apart, and shut out alone.
        </Empty>
      )}
      <ul class="sources">
        {devices.map((device) => (
          <Device key={device.name} device={device} onRevoke={admin ? setEnding : null} />
        ))}
      </ul>
      <Dialog
        open={making || made !== null}
        title={made ? `The token of ${made.name}` : 'Add a device'}
        onClose={close}
        wide={made !== null}
      >
        {made ? (
          <ShowToken made={made} onClose={close} />
        ) : (
          <MakeToken
            onClose={close}
            onMade={(fresh) => {
              setMade(fresh);
              setMaking(false);
              reload();
            }}
          />
        )}
      </Dialog>
      <Dialog open={ending !== null} title={`Revoke the token of ${ending?.name ?? ''}?`} onClose={() => setEnding(null)}>
        <p>The device can hand in no more scans from now on. What it handed in already goes out as it should.</p>
        <footer class="dialog-actions">
          <button type="button" class="secondary" onClick={() => setEnding(null)}>
            Leave it
          </button>
          <button type="button" class="danger" onClick={() => ending && void revoke(ending)}>
            Revoke
          </button>
        </footer>
      </Dialog>
    </section>
  );
}
