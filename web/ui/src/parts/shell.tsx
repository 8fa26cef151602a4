/** The house: the bar with the rooms and the one search box, and the room that the address names. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { watchConnection } from '../api/live';
import type { Place } from '../lib/route';
import { jobsPlace } from '../lib/route';
import { Admin } from '../pages/admin';
import { JobPage } from '../pages/job';
import { Jobs } from '../pages/jobs';
import { Methods } from '../pages/methods';
import { Overview } from '../pages/overview';
import { Sources } from '../pages/sources';
import { Help } from './help';
import { focusSearch, SEARCH_ID, useKeys } from './keys';
import { Logo } from './logo';
import { goTo } from './place';
import { SearchBox } from './search_box';
import { useMay } from './session';
import { Empty } from './states';
import { ToastShelf } from './toast';
import { UserMenu } from './user_menu';

const rooms = [
  { part: '', name: 'Overview', role: 'viewer' },
  { part: 'jobs', name: 'Jobs', role: 'viewer' },
  { part: 'methods', name: 'Methods', role: 'viewer' },
  { part: 'sources', name: 'Sources', role: 'viewer' },
  { part: 'admin', name: 'Admin', role: 'admin' },
] as const;

function Room({ place }: { place: Place }) {
  const [room = '', second = ''] = place.parts;
  switch (room) {
    case '':
      return <Overview />;
    case 'jobs':
      return second === '' ? <Jobs q={place.query.get('q') ?? ''} /> : <JobPage key={second} id={second} />;
    case 'methods':
      return <Methods chosen={second} />;
    case 'sources':
      return <Sources />;
    case 'admin':
      return <Admin tab={second} />;
    default:
      return (
        <>
          <h1 class="unseen">Nothing</h1>
          <Empty icon="help" title="There is nothing at this address">
            <a href="#/">To the overview</a>
          </Empty>
        </>
      );
  }
}

/** Said only when it has been so for a while: a connection that comes back at once is nobody's business. */
function Connection() {
  const [lost, setLost] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = watchConnection((connected) => {
      clearTimeout(timer);
      if (connected) setLost(false);
      else timer = setTimeout(() => setLost(true), 4000);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, []);
  return lost ? (
    <p class="connection" role="status">
      Not live just now: the page asks every few seconds instead.
    </p>
  ) : null;
}

export function Shell({ place }: { place: Place }) {
  const [helping, setHelping] = useState(false);
  const main = useRef<HTMLElement>(null);
  const admin = useMay('admin');
  const room = place.parts[0] ?? '';
  const where = place.parts.join('/');
  const first = useRef(true);

  // Who moves by keyboard or listens lands where the new room begins.
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    if (where !== 'jobs') scrollTo(0, 0); // the list knows itself where one was
    if (document.activeElement?.id === SEARCH_ID) return;
    main.current?.focus({ preventScroll: true });
  }, [where]);

  useKeys({ '/': focusSearch, '?': () => setHelping(true) });

  return (
    <>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <header class="bar">
        <a class="brand" href="#/" aria-label="scanpost, overview">
          <Logo />
          <span>scanpost</span>
        </a>
        <nav aria-label="Rooms">
          <ul>
            {rooms
              .filter((item) => item.role !== 'admin' || admin)
              .map((item) => (
                <li key={item.part}>
                  <a href={`#/${item.part}`} aria-current={room === item.part ? 'page' : undefined}>
                    {item.name}
                  </a>
                </li>
              ))}
          </ul>
        </nav>
        <SearchBox
          q={room === 'jobs' ? (place.query.get('q') ?? '') : ''}
          onSearch={(q) => goTo(jobsPlace(q), where === 'jobs')}
        />
        <UserMenu onHelp={() => setHelping(true)} />
      </header>
      <Connection />
      <main ref={main} id="content" tabIndex={-1} class="room">
        <Room place={place} />
      </main>
      <Help open={helping} onClose={() => setHelping(false)} />
      <ToastShelf />
    </>
  );
}
