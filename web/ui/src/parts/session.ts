/** Who is signed in, for every component. */

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { About, Role, Session } from '../api/types';

export interface Signed {
  session: Session;
  about: About | undefined;
  signOut: () => void;
}

export const SignedContext = createContext<Signed | null>(null);

export function useSigned(): Signed {
  const signed = useContext(SignedContext);
  if (!signed) throw new Error('nobody is signed in');
  return signed;
}

const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Whether the person may do what needs this role. The daemon decides in the end; the page does not offer the rest. */
export function useMay(role: Role): boolean {
  return ranks[useSigned().session.role] >= ranks[role];
}
