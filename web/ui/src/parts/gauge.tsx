/** How much of a budget is used. The number says it, the bar shows it. */

import { numberWords } from '../lib/text';

export function Gauge({ label, used, of, unit }: { label: string; used: number; of: number; unit: string }) {
  const part = of > 0 ? Math.min(1, used / of) : 0;
  const tone = part >= 1 ? 'bad' : part >= 0.8 ? 'held' : '';
  return (
    <div class={`gauge ${tone}`}>
      <div class="gauge-head">
        <span>{label}</span>
        <span>
          <strong>{numberWords(used)}</strong> of {numberWords(of)} {unit}
        </span>
      </div>
      <div
        class="gauge-bar"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={of}
        aria-valuenow={Math.min(used, of)}
        aria-valuetext={`${used} of ${of} ${unit}`}
      >
        <span style={{ width: `${part * 100}%` }} />
      </div>
    </div>
  );
}
