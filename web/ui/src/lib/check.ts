/** How a check and its steps are said. Pure. */

import type { Check } from '../api/types';
import type { Tone } from './status';

export function stepTone(outcome: string): Tone {
  switch (outcome) {
    case 'ok':
      return 'good';
    case 'failed':
      return 'bad';
    case 'unproven':
      return 'held';
    default:
      return 'quiet';
  }
}

export function checkVerdict(check: Check): { tone: Tone; text: string } {
  if (check.state === 'waiting') return { tone: 'busy', text: 'Waiting for the sender' };
  if (check.state === 'running') return { tone: 'busy', text: 'Walking through the stages' };
  switch (check.result) {
    case 'ok':
      return {
        tone: 'good',
        text:
          check.send_to === ''
            ? 'It works, as far as one can see without sending.'
            : `It works: the mail to ${check.send_to} was accepted.`,
      };
    case 'failed':
      return { tone: 'bad', text: 'It does not work yet.' };
    case 'interrupted':
      return { tone: 'held', text: 'The check was interrupted. Try it again.' };
    default:
      return { tone: 'quiet', text: check.result };
  }
}
