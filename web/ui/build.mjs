// build.mjs - makes the page.
//
//   node build.mjs bundle DIR   the files of the page, in all shapes, and assets.c, which takes them into scanpostd
//   node build.mjs test DIR     bundles the tests of what is pure into DIR and runs them
//
// A file's name holds a digest of what is in it, so browsers keep it for ever. The preview of PDFs (pdf.js) is a part of
// its own that is loaded when somebody opens a document. Runs on Node 18 and newer; needs `npm ci` (see ./modules).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const pdfjs = join(here, 'node_modules/pdfjs-dist');
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const common = {
  absWorkingDir: here,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
};

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

// What pdf.js loads by itself: its worker, and the decoders of two kinds of picture that scanners like. The ones in
// plain JavaScript, because WebAssembly would need a hole in the Content-Security-Policy.
function previewFiles() {
  const names = ['build/pdf.worker.min.mjs', 'wasm/jbig2_nowasm_fallback.js', 'wasm/openjpeg_nowasm_fallback.js'];
  const contents = names.map((name) => readFileSync(join(pdfjs, name)));
  const folder = `/assets/pdf-${digest(Buffer.concat(contents))}`;
  const files = names.map((name, i) => ({
    path: `${folder}/${basename(name).replace(/\.mjs$/, '.js')}`,
    content: contents[i],
  }));
  return { folder, files };
}

async function bundlePage() {
  const preview = previewFiles();
  const built = await esbuild.build({
    ...common,
    entryPoints: { main: 'src/main.tsx' },
    outdir: 'assets',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    splitting: true,
    minify: true,
    legalComments: 'none',
    define: { PREVIEW_FOLDER: JSON.stringify(`${preview.folder}/`) },
    loader: { '.svg': 'file' },
    publicPath: '/assets',
    metafile: true,
    write: false,
  });
  const files = built.outputFiles.map((file) => ({
    path: `/assets/${basename(file.path)}`,
    content: Buffer.from(file.contents),
  }));
  const icon = readFileSync(join(here, 'src/icon.svg'));
  const iconPath = `/assets/icon-${digest(icon)}.svg`;
  const find = (start, end) => files.find((f) => f.path.startsWith(`/assets/${start}`) && f.path.endsWith(end)).path;
  const html = readFileSync(join(here, 'src/index.html'), 'utf8')
    .replace('STYLE', find('main-', '.css'))
    .replace('SCRIPT', find('main-', '.js'))
    .replace('ICON', iconPath);
  return [{ path: '/', content: Buffer.from(html) }, { path: iconPath, content: icon }, ...files, ...preview.files];
}

// A shape is kept only when it saves something.
function compress(content) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const shapes = { gzip: gzipSync(content, { level: 9 }), br: brotliCompressSync(content, { params }) };
  return Object.fromEntries(Object.entries(shapes).filter(([, bytes]) => bytes.length < content.length * 0.95));
}

const quote = (text) => JSON.stringify(text);

// The bytes come in by the assembler's .incbin: a compiler would take seconds over them.
function writeTable(dir, files) {
  let bytes = '';
  let rows = '';
  let count = 0;
  const shape = (content) => {
    if (content === undefined) return '{ 0 }';
    const name = `sp_page_bytes_${count++}`;
    const place = join(dir, `${name}.bin`);
    writeFileSync(place, content);
    bytes += `INCLUDE(${name}, ${quote(place)});\n`;
    return `{ ${name}, ${content.length} }`;
  };
  for (const file of files) {
    const type = types[file.path === '/' ? '.html' : extname(file.path)];
    const { gzip, br } = compress(file.content);
    rows += `    { ${quote(file.path)}, ${quote(type)}, ${quote(`"${digest(file.content)}"`)},\n`;
    rows += `      ${shape(file.content)}, ${shape(gzip)}, ${shape(br)} },\n`;
  }
  const text = `/* assets.c - written by web/ui/build.mjs. */
#include "web/page/assets.h"

#define INCLUDE(name, file)                                                                        \\
    __asm__(".pushsection .rodata\\n.balign 16\\n.globl " #name "\\n.hidden " #name "\\n" #name ":\\n" \\
            ".incbin \\"" file "\\"\\n.popsection");                                                    \\
    extern const unsigned char name[]

${bytes}
const struct sp_page_asset sp_page_assets[] = {
${rows}};
const size_t sp_page_n_assets = sizeof(sp_page_assets) / sizeof(sp_page_assets[0]);
`;
  writeFileSync(join(dir, 'assets.c'), text);
}

async function bundle(dir) {
  const files = await bundlePage();
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  writeTable(dir, files);
}

async function test(dir) {
  const tests = readdirSync(join(here, 'test')).filter((name) => name.endsWith('.test.ts'));
  rmSync(dir, { recursive: true, force: true });
  await esbuild.build({
    ...common,
    entryPoints: tests.map((name) => `test/${name}`),
    outdir: dir,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node18',
    define: { PREVIEW_FOLDER: '""' },
    sourcemap: 'inline',
  });
  const built = tests.map((name) => join(dir, name.replace(/\.ts$/, '.mjs')));
  return spawnSync(process.execPath, ['--enable-source-maps', '--test', ...built], { stdio: 'inherit' }).status ?? 1;
}

const [what, dir] = process.argv.slice(2);
if (!dir || !['bundle', 'test'].includes(what)) {
  console.error('usage: node build.mjs bundle|test DIR');
  process.exit(2);
}
if (what === 'bundle') await bundle(resolve(dir));
else process.exit(await test(resolve(dir)));
