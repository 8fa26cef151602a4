/** Words for the vocabulary of the daemon. Pure. What is not known here is shown as the daemon said it. */

import type { Method } from '../api/types';

/** Classes of trouble, short enough for a line in a list. */
const classes: Record<string, string> = {
  ip_reputation: 'Microsoft blocks our public address',
  direct_send_rejected: 'the tenant refuses direct send',
  not_attributed: 'Microsoft does not match our connector',
  auth_disabled: 'SMTP sign-in is switched off',
  auth_failed: 'Microsoft refused the sign-in',
  auth_required: 'Microsoft wants a sign-in',
  basic_auth_retired: 'passwords are retired for SMTP',
  tls: 'no trustworthy encryption',
  network: 'Microsoft cannot be reached',
  sender_denied: 'the sender is not allowed',
  sender_authentication: 'SPF, DKIM or DMARC says no',
  recipient_unknown: 'an address does not exist',
  recipient_refused: 'a recipient refuses mail',
  quota: 'a mailbox is full',
  too_large: 'too large for Microsoft',
  spam_content: 'taken for spam',
  rate_limited: 'Microsoft limits how much we send',
  busy: 'Microsoft is busy',
  protocol: 'an answer nobody expected',
  other: 'an answer we do not know yet',
};

export function classWords(name: string): string {
  return classes[name] ?? (name === 'ok' ? '' : name.replaceAll('_', ' '));
}

export const classNames: readonly string[] = Object.keys(classes);

const sources: Record<string, string> = {
  folder: 'Folder',
  device: 'Device',
  queue: 'Printer',
  http: 'Device',
  webdav: 'WebDAV',
  smtp: 'Mail',
  cups: 'Printer',
  cli: 'Command line',
  notice: 'Notice',
};

export const sourceKind = (source: string): string => sources[source] ?? source;

/** "Folder scans" */
export function sourceWords(source: string, name: string): string {
  return [sources[source] ?? source, name].filter((word) => word !== '').join(' ');
}

/** Where in the conversation: what we were doing. */
const stages: Record<string, string> = {
  dns: 'looking up the server',
  connect: 'connecting',
  banner: 'waiting for the greeting',
  ehlo: 'saying hello',
  starttls: 'asking for encryption',
  tls: 'agreeing on encryption',
  auth: 'signing in',
  mail: 'naming the sender',
  rcpt: 'naming the recipients',
  data: 'handing the message over',
  message: 'ending the message',
  token: 'fetching a token',
  api: 'calling Graph',
};

export function stageWords(stage: string): string {
  return stages[stage] ?? stage;
}

const methodTypes: Record<string, string> = {
  direct: 'Direct send to the tenant’s own mail exchanger, without signing in',
  relay: 'Relay through a connector that knows our address or certificate',
  submission: 'SMTP submission, signed in as a mailbox',
  graph: 'Microsoft Graph, signed in as an app',
};

export function methodTypeWords(type: string): string {
  return methodTypes[type] ?? type;
}

export function methodStateWords(state: Method['state'], enabled: boolean): string {
  if (!enabled) return 'Switched off';
  switch (state) {
    case 'up':
      return 'Works';
    case 'down':
      return 'Shut';
    case 'half-open':
      return 'Being tried';
    case 'unproven':
      return 'Not proven yet';
  }
  return state;
}

const doors: Record<string, string> = {
  http: 'HTTP',
  webdav: 'WebDAV',
  dav: 'WebDAV',
  folder: 'Folder',
  cups: 'Printer',
  smtp: 'Mail',
  socket: 'Local socket',
  page: 'Page',
};

export function doorWords(door: string): string {
  return doors[door] ?? door;
}
