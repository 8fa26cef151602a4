/** What the API answers: see `GET /api/v1/openapi.json`. Times are RFC 3339 in UTC; what is absent is "" or null. */

export type Role = 'viewer' | 'operator' | 'admin';

export interface Session {
  name: string;
  role: Role;
  csrf_token: string;
}

export interface RouteAbout {
  name: string;
  tenant: string;
  to: string[];
  allow_external: boolean;
}

export interface About {
  version: string;
  hostname: string;
  time_zone: string;
  routes: RouteAbout[];
  tenants: { name: string; domain: string }[];
  now: string;
}

export type JobState = 'queued' | 'sending' | 'deferred' | 'held' | 'sent' | 'partial' | 'failed' | 'cancelled';

export interface JobDocument {
  n: number;
  name: string;
  type: string;
  size: number;
  sha256: string;
}

export interface Recipient {
  address: string;
  cc?: boolean;
  state: 'waiting' | 'sent' | 'failed';
  method: string;
  reply: string;
}

export interface Attempt {
  n: number;
  method: string;
  host: string;
  port: number | null;
  ip: string;
  tls: string;
  stage: string;
  outcome: 'accepted' | 'failed' | 'unknown';
  class: string;
  cause: string;
  code: number | null;
  enhanced: string | null;
  reply: string;
  summary: string;
  fix: string;
  started: string | null;
  duration_ms: number;
  transcript?: string | null;
}

export interface Choice {
  method: string;
  chosen: boolean;
  reason: string;
}

/** A job as lists have it. */
export interface JobRow {
  id: string;
  state: JobState;
  created: string;
  finished: string | null;
  next_attempt: string | null;
  source: string;
  source_name: string;
  user: string;
  route: string;
  tenant: string;
  from: string;
  subject: string;
  message_id: string;
  method: string;
  trouble: string;
  documents_deleted: boolean;
  duplicate_of: string | null;
  documents: JobDocument[];
  recipients: Recipient[];
  class?: string | null;
  cause?: string | null;
  /** in lists: of the last failed attempt */
  summary?: string | null;
  size?: number;
  waits_for_method?: boolean;
  waits_in?: string | null;
  forwarded_from?: string | null;
}

export interface Job extends JobRow {
  attempts: Attempt[];
  decision: Choice[];
  forwarded_to?: string | string[] | null;
}

export interface JobPage {
  jobs: JobRow[];
  next: string | null;
}

export interface Method {
  name: string;
  type: string;
  tenant: string;
  enabled: boolean;
  state: 'unproven' | 'up' | 'down' | 'half-open';
  class: string;
  cause: string;
  reason: string;
  fix: string;
  since: string | null;
  retry_at: string | null;
  proven_at: string | null;
  checked: string | null;
  check_outcome: string;
  budget: {
    connections: number;
    rate: { count: number; window_s: number; used: number } | null;
    per_day: { count: number; used: number } | null;
  };
}

export interface CheckStep {
  stage: string;
  outcome: string;
  title: string;
  text: string;
  fix: string;
  reply: string;
  at: string | null;
}

export interface Check {
  id: string;
  method: string;
  state: 'waiting' | 'running' | 'done';
  send_to: string;
  result: string;
  created: string;
  finished: string | null;
  steps: CheckStep[];
}

export interface Folder {
  name: string;
  path: string;
  watch: string;
  last_scan: string | null;
  taken: number;
  rejected: number;
  waiting: number;
  subfolders: number;
  trouble: string;
  advised_settle_ms: number | null;
  route?: string;
  count?: number;
  silent?: boolean;
}

export interface Token {
  name: string;
  route: string;
  to: string[];
  created: string | null;
  last_used: string | null;
  revoked: string | null;
  last_scan?: string | null;
  count?: number;
  silent?: boolean;
}

export interface Refusal {
  at: string;
  first?: string | null;
  door: string;
  who: string;
  address: string;
  status: number | null;
  reason: string;
  /** the file, or what was asked for */
  what?: string;
  count: number;
}

export interface Sources {
  folders: Folder[];
  devices: Token[];
  queues: { name: string; last_scan: string | null; count: number }[];
  refusals: Refusal[];
}

export interface User {
  name: string;
  role: Role;
  created: string | null;
}

export interface AuditEntry {
  at: string;
  who: string;
  role: string;
  address: string;
  action: string;
  object: string;
  detail: string;
  /** the same, this many times in a row */
  count?: number;
}

export interface Trouble {
  class: string;
  cause: string;
  count: number;
  /** there are more than were counted */
  more?: boolean;
  who: string;
  summary: string;
  fix: string;
  since: string | null;
  q: string;
}

export interface Overview {
  works: 'yes' | 'partly' | 'no' | 'idle';
  sentence: string;
  waiting: number;
  oldest_waiting: string | null;
  sending: number;
  held: number;
  sent_24h: number;
  failed_24h: number;
  troubles: Trouble[];
  methods: { name: string; state: Method['state']; reason: string; since: string | null; retry_at: string | null }[];
  expiries: { method: string; what: string; expires: string; days: number }[];
  sources: { kind: string; name: string; last_scan: string | null; silent: boolean; trouble: string }[];
  last_scan: string | null;
}

export interface Bucket {
  at: string;
  received: number;
  sent: number;
  failed: number;
  bytes: number;
}

export interface Stats {
  bucket: 'hour' | 'day';
  buckets: Bucket[];
  delivery: { p50_ms: number | null; p95_ms: number | null; max_ms: number | null; count: number };
  failures: { class: string; cause: string; count: number; summary: string }[];
  methods: { name: string; buckets: { at: string; accepted: number; failed: number }[] }[];
}
