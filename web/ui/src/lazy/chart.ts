/** uPlot, in a part of its own: the page is there before its pictures. */

import uPlot from 'uplot';

const STEP_S = { hour: 3600, day: 86_400 } as const;

export interface Series {
  name: string;
  colour: string;
  values: number[];
}

export interface ChartData {
  /** seconds */
  times: number[];
  series: Series[];
  kind: 'hour' | 'day';
  locale: string;
}

function colour(name: string): string {
  // light-dark() is resolved only for real properties, so one is asked.
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function axisTime(kind: 'hour' | 'day', locale: string) {
  const words = new Intl.DateTimeFormat(
    locale,
    kind === 'hour' ? { hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short' },
  );
  return (_: uPlot, splits: number[]) => splits.map((at) => words.format(at * 1000));
}

/** Bars one on top of the other: uPlot draws from the highest to the lowest. */
function stacked(series: Series[]): number[][] {
  const sums: number[][] = [];
  let below: number[] | undefined;
  for (const one of series) {
    below = one.values.map((value, i) => value + (below?.[i] ?? 0));
    sums.push(below);
  }
  return sums;
}

/** Returns how to take it away. */
export function drawChart(place: HTMLElement, data: ChartData, height: number): () => void {
  const sums = stacked(data.series);
  const line = colour('--line');
  const ink = colour('--ink-soft');
  const bars = uPlot.paths.bars!({ size: [0.7, 40], radius: 0.15 });
  const order = data.series.map((_, i) => data.series.length - 1 - i);
  const options: uPlot.Options = {
    width: place.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    // Half a bar more on both sides, where the first and the last one stand.
    scales: {
      x: { time: true, range: (_, min, max) => [min - STEP_S[data.kind] / 2, max + STEP_S[data.kind] / 2] },
      y: { range: (_, __, max) => [0, Math.max(4, max * 1.08)] },
    },
    axes: [
      {
        stroke: ink,
        grid: { show: false },
        ticks: { show: false },
        values: axisTime(data.kind, data.locale),
        space: 60,
        size: 26,
        font: '12px system-ui, sans-serif',
      },
      {
        stroke: ink,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        size: 44,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000, 50_000],
        font: '12px system-ui, sans-serif',
      },
    ],
    series: [
      {},
      ...order.map((i) => ({
        label: data.series[i]!.name,
        fill: colour(data.series[i]!.colour),
        stroke: 'transparent',
        width: 0,
        paths: bars,
        points: { show: false },
      })),
    ],
    padding: [8, 8, 0, 0],
  };
  const plot = new uPlot(options, [data.times, ...order.map((i) => sums[i]!)], place);
  const observer = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height }));
  observer.observe(place);
  return () => {
    observer.disconnect();
    plot.destroy();
  };
}
