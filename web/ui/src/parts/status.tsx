/** A status as a pill: colour, shape and word. */

import type { Tone } from '../lib/status';
import { Icon, type IconName } from './icon';

const icons: Record<Tone, IconName> = {
  good: 'sent',
  busy: 'sending',
  wait: 'waiting',
  held: 'held',
  bad: 'failed',
  part: 'partly',
  quiet: 'cancelled',
};

export const toneIcon = (tone: Tone): IconName => icons[tone];

export function Pill({ tone, word, icon }: { tone: Tone; word: string; icon?: IconName }) {
  return (
    <span class={`pill ${tone}`}>
      <Icon name={icon ?? icons[tone]} size={15} />
      {word}
    </span>
  );
}
