/** One way to ask the daemon: JSON in and out, the CSRF token with whatever changes something, errors as sentences. */

import type { Session } from './types';

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    sentence: string,
  ) {
    super(sentence);
    this.name = 'Problem';
  }
}

let csrf = '';
let onSignedOut: () => void = () => {};

/** Called when the daemon says that nobody is signed in any more. */
export function whenSignedOut(fn: () => void): void {
  onSignedOut = fn;
}

export function useSession(session: Session | null): void {
  csrf = session?.csrf_token ?? '';
}

async function problemOf(response: Response): Promise<Problem> {
  let code = '';
  let sentence = '';
  try {
    const body = (await response.json()) as { detail?: unknown; code?: unknown };
    code = typeof body.code === 'string' ? body.code : '';
    sentence = typeof body.detail === 'string' ? body.detail : '';
  } catch {
    // Not one of ours: a proxy in between, perhaps. The status has to do.
  }
  return new Problem(response.status, code, sentence || `the server answered ${response.status} ${response.statusText}`.trim());
}

export interface AskOptions {
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

async function send(method: string, path: string, options: AskOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (method !== 'GET' && csrf !== '') headers['X-CSRF-Token'] = csrf;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  if (options.signal) init.signal = options.signal;
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'unreachable', 'scanpost does not answer. Is the daemon running, and the network up?');
  }
}

export async function askResponse(method: string, path: string, options: AskOptions = {}): Promise<Response> {
  const response = await send(method, path, options);
  if (response.ok) return response;
  if (response.status === 401 && !path.startsWith('/api/v1/session')) onSignedOut();
  throw await problemOf(response);
}

export async function ask<T>(method: string, path: string, options: AskOptions = {}): Promise<T> {
  const response = await askResponse(method, path, options);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** A path with its query; what is empty is left out. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value));
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}
