/** An attempt as a sentence. Pure. */

import type { Attempt } from '../api/types';
import type { Tone } from './status';
import { sentence } from './text';
import { spanWords } from './time';
import { stageWords } from './words';

export function attemptTone(attempt: Attempt): Tone {
  switch (attempt.outcome) {
    case 'accepted':
      return 'good';
    case 'unknown':
      return 'held';
    case 'failed':
      return ['busy', 'rate_limited'].includes(attempt.class) ? 'wait' : 'bad';
  }
  return 'quiet';
}

/** "Microsoft took it by submission." */
export function attemptSentence(attempt: Attempt): string {
  switch (attempt.outcome) {
    case 'accepted':
      return `Microsoft took it, by ${attempt.method}.`;
    case 'unknown':
      return `Handed over by ${attempt.method}, and the answer was lost: it may have arrived.`;
    case 'failed':
      return sentence(attempt.summary || `It did not go by ${attempt.method}`);
  }
  return sentence(attempt.summary);
}

/** "contoso-com.mail.protection.outlook.com:25 (203.0.113.7)" */
export function peerText(attempt: Attempt): string {
  if (attempt.host === '') return '';
  const port = attempt.port ? `:${attempt.port}` : '';
  return `${attempt.host}${port}${attempt.ip === '' ? '' : ` (${attempt.ip})`}`;
}

/** The small line under the sentence: by which way, how far, with which encryption, how long. */
export function attemptFacts(attempt: Attempt): string[] {
  const facts = [attempt.method];
  if (attempt.outcome !== 'accepted' && attempt.stage !== '') facts.push(`stopped while ${stageWords(attempt.stage)}`);
  if (attempt.code) facts.push([attempt.code, attempt.enhanced].filter(Boolean).join(' '));
  facts.push(attempt.tls === '' ? 'no encryption yet' : attempt.tls.replace(/^TLSv/, 'TLS '));
  facts.push(spanWords(attempt.duration_ms));
  return facts;
}
