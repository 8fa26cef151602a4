/** What to type into the copier's panel. */

import type { PanelWay } from '../lib/panel';
import { CopyButton } from './copy';

export function PanelHelp({ ways }: { ways: PanelWay[] }) {
  return (
    <div class="panel-ways">
      {ways.map((way) => (
        <section key={way.door}>
          <h3>{way.title}</h3>
          <dl class="facts typed">
            {way.lines.map((line) => (
              <div key={line.label}>
                <dt>{line.label}</dt>
                <dd>
                  <code>{line.value}</code> <CopyButton text={line.value} what={`${way.title}, ${line.label}`} />
                </dd>
              </div>
            ))}
          </dl>
          <p class="muted fine">{way.note}</p>
        </section>
      ))}
    </div>
  );
}
