/** Keys, and the words of the search box. */

import { keys } from '../lib/query';
import { Dialog } from './dialog';

const strokes = [
  ['/', 'to the search box'],
  ['j', 'next job'],
  ['k', 'job before'],
  ['Enter', 'open it'],
  ['x', 'mark it'],
  ['Esc', 'back, close, or empty the search'],
  ['?', 'this help'],
] as const;

export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} title="Keys and search words" onClose={onClose} wide>
      <div class="columns">
        <section>
          <h3>Keys</h3>
          <dl class="keys">
            {strokes.map(([key, means]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{means}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>Search words</h3>
          <dl class="keys">
            {keys.map((item) => (
              <div key={item.key}>
                <dt>
                  <code>{item.example}</code>
                </dt>
                <dd>{item.means}</dd>
              </div>
            ))}
          </dl>
          <p class="muted fine">
            Words without a colon are looked for in document names, subjects, addresses, users and job numbers. “-” in front means
            “not”, and quotes keep words together: <code>-status:sent subject:"annual report"</code>
          </p>
        </section>
      </div>
    </Dialog>
  );
}
