/** Bars over time, the sentence that they say, and the numbers as a table for whoever wants or needs them. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChartData, Series } from '../lazy/chart';
import { momentWords } from '../lib/time';
import { numberWords } from '../lib/text';
import { useClock } from './when';

interface Props {
  title: string;
  sentence: string;
  times: string[];
  series: Series[];
  kind: 'hour' | 'day';
  height?: number;
}

function Numbers({ title, times, series, kind }: Props) {
  const clock = useClock();
  const day = new Intl.DateTimeFormat(clock.locale, { weekday: 'short', day: 'numeric', month: 'short' });
  const rows = times
    .map((at, i) => ({ at, values: series.map((one) => one.values[i] ?? 0) }))
    .filter((row) => row.values.some((value) => value > 0));
  return (
    <details class="numbers">
      <summary>
        Numbers<span class="unseen"> of {title}</span>
      </summary>
      <div class="scroll-x" tabIndex={0} role="group" aria-label={`${title}, as numbers`}>
        <table>
          <thead>
            <tr>
              <th scope="col">{kind === 'day' ? 'Day' : 'Hour'}</th>
              {series.map((one) => (
                <th key={one.name} scope="col">
                  {one.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.at}>
                <th scope="row">{kind === 'day' ? day.format(Date.parse(row.at)) : momentWords(row.at, clock)}</th>
                {row.values.map((value, i) => (
                  <td key={i}>{numberWords(value)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function Chart(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [theme, setTheme] = useState(0);
  const { locale } = useClock();
  const data: ChartData = {
    times: props.times.map((at) => Date.parse(at) / 1000),
    series: props.series,
    kind: props.kind,
    locale,
  };
  const key = JSON.stringify(data);

  useEffect(() => {
    const changed = () => setTheme((n) => n + 1);
    addEventListener('themechange', changed);
    return () => removeEventListener('themechange', changed);
  }, []);
  useEffect(() => {
    let gone = false;
    let remove = () => {};
    import('../lazy/chart').then(
      ({ drawChart }) => {
        if (!gone && place.current) remove = drawChart(place.current, data, props.height ?? 160);
      },
      () => {},
    ); // the table below has the numbers all the same
    return () => {
      gone = true;
      remove();
    };
  }, [key, theme, props.height]);

  return (
    <figure class="chart">
      <div
        ref={place}
        class="chart-place"
        role="img"
        aria-label={props.sentence}
        style={{ minHeight: `${props.height ?? 160}px` }}
      />
      <figcaption>
        <ul class="legend" aria-hidden="true">
          {props.series.map((one) => (
            <li key={one.name}>
              <span class="swatch" style={{ background: `var(${one.colour})` }} />
              {one.name}
            </li>
          ))}
        </ul>
        <Numbers {...props} />
      </figcaption>
    </figure>
  );
}
