/** Who is there, and what they see: the door, or the house. */

import { useCallback, useEffect, useState } from 'preact/hooks';
import { ask, useSession as keepSession, whenSignedOut } from './api/client';
import { startLive, stopLive } from './api/live';
import { asProblem } from './api/resource';
import type { About, Session } from './api/types';
import { FirstUser } from './pages/first_user';
import { SignIn } from './pages/sign_in';
import { DoorFrame } from './parts/door_frame';
import { goTo, usePlace } from './parts/place';
import { SignedContext } from './parts/session';
import { Shell } from './parts/shell';
import { Loading, Trouble } from './parts/states';
import type { Problem } from './api/client';

type Who =
  | { kind: 'asking' }
  | { kind: 'nobody'; note?: string }
  | { kind: 'trouble'; problem: Problem }
  | { kind: 'signed'; session: Session };

export function App() {
  const [who, setWho] = useState<Who>({ kind: 'asking' });
  const [about, setAbout] = useState<About>();
  const place = usePlace();

  const enter = useCallback((session: Session) => {
    keepSession(session);
    setWho({ kind: 'signed', session });
    startLive();
    ask<About>('GET', '/api/v1/about').then(setAbout, () => setAbout(undefined));
    if (location.hash.startsWith('#/first')) goTo('#/', true);
  }, []);

  const leave = useCallback((note?: string) => {
    stopLive();
    keepSession(null);
    setWho(note === undefined ? { kind: 'nobody' } : { kind: 'nobody', note });
  }, []);

  const askWho = useCallback(() => {
    ask<Session>('GET', '/api/v1/session').then(enter, (error: unknown) => {
      const problem = asProblem(error);
      if ([401, 403, 404].includes(problem.status)) leave();
      else setWho({ kind: 'trouble', problem });
    });
  }, [enter, leave]);

  useEffect(() => {
    whenSignedOut(() => leave('You were signed out, because nobody was here for a while or somebody ended the session.'));
    askWho();
  }, [askWho, leave]);

  const signOut = useCallback(() => {
    ask('DELETE', '/api/v1/session').then(
      () => leave('You are signed out.'),
      () => leave(),
    );
  }, [leave]);

  switch (who.kind) {
    case 'asking':
      return (
        <main class="door">
          <Loading what="scanpost" rows={0} />
        </main>
      );
    case 'trouble':
      return (
        <DoorFrame title="One moment">
          <Trouble problem={who.problem} what="The page" retry={askWho} />
        </DoorFrame>
      );
    case 'nobody':
      return place.parts[0] === 'first' ? (
        <FirstUser linkKey={place.query.get('key') ?? ''} onSignedIn={enter} />
      ) : (
        <SignIn onSignedIn={enter} note={who.note} />
      );
    case 'signed':
      return (
        <SignedContext.Provider value={{ session: who.session, about, signOut }}>
          <Shell place={place} />
        </SignedContext.Provider>
      );
  }
}
