/** Which documents a browser can show, and how. Pure. */

export type PreviewKind = 'pdf' | 'image' | 'none';

/** Pictures that every browser shows. SVG is not among them: it can hold scripts, and scanners do not make it. */
const images = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/bmp']);

export function previewKind(type: string): PreviewKind {
  const plain = type.split(';', 1)[0]!.trim().toLowerCase();
  if (plain === 'application/pdf') return 'pdf';
  return images.has(plain) ? 'image' : 'none';
}

const names: Record<string, string> = {
  'application/pdf': 'PDF',
  'image/tiff': 'TIFF',
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'Word',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'Excel',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'PowerPoint',
  'application/vnd.ms-xpsdocument': 'XPS',
  'application/oxps': 'XPS',
};

export function typeWords(type: string): string {
  return names[type] ?? type;
}
