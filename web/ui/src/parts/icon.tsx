/** Small pictures, drawn here so that nothing is loaded. They only go beside words, so they are hidden from readers. */

const paths = {
  check: 'M20 6 9 17l-5-5',
  sent: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8 12.500l2.700 2.700L16 9.500',
  failed: 'M8.300 3h7.400L21 8.300v7.400L15.700 21H8.300L3 15.700V8.300ZM9 9l6 6M15 9l-6 6',
  partly: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 3v18M15 8h3.500M15 12h5M15 16h3.500',
  waiting: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.500 2',
  held: 'M12 3 2.500 20h19ZM12 10v4.500M12 17.300v.200',
  cancelled: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8 12h8',
  sending: 'M21 3 10.500 13.500M21 3l-6.500 18-4-7.500L3 9.500Z',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9ZM5 15H4V4h11v1',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  retry: 'M4 12a8 8 0 0 1 14-5.300L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.300L4 15M4 20v-5h5',
  forward: 'M14 5l7 7-7 7M21 12H9a6 6 0 0 0-6 6v1',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  down: 'M6 9l6 6 6-6',
  file: 'M6 3h8l5 5v13H6ZM14 3v5h5',
  folder: 'M3 6h6l2 3h10v10H3Z',
  device: 'M7 8V3h10v5M5 8h14v8H5ZM8 13h8v8H8Z',
  queue: 'M4 6h16M4 12h16M4 18h10',
  door: 'M12 3l8 3v6c0 5-3.500 8-8 9-4.500-1-8-4-8-9V6ZM9 9l6 6M15 9l-6 6',
  sun: 'M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM12 1v3M12 20v3M1 12h3M20 12h3M4.200 4.200l2.100 2.100M17.700 17.700l2.100 2.100M4.200 19.800l2.100-2.100M17.700 6.300l2.100-2.100',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500Z',
  auto: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 3v18',
  out: 'M10 4H4v16h6M15 8l4 4-4 4M19 12H9',
  key: 'M8 20a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM11 13l9-9M17 7l3 3M14 10l2 2',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c0-4 3.500-6 8-6s8 2 8 6',
  plus: 'M12 5v14M5 12h14',
  play: 'M7 4.500v15l12-7.500Z',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.700.300-1 .900-1 1.700v.500M12 17v.200',
  mail: 'M3 6h18v12H3ZM3 7l9 6 9-6',
  skip: 'M5 12h14',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
