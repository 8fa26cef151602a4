/** A component that is drawn anew only when one of its properties is another one. */

import { type ComponentType, Component, createElement } from 'preact';

export function memo<P extends object>(Inner: ComponentType<P>): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const before = this.props as Record<string, unknown>;
      const after = next as Record<string, unknown>;
      const names = new Set([...Object.keys(before), ...Object.keys(after)]);
      return [...names].some((name) => name !== 'children' && before[name] !== after[name]);
    }
    override render() {
      return createElement(Inner, this.props as P);
    }
  };
}
