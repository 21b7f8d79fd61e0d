// Checks the dashboards against Grafana's own types: each becomes a literal of
// TypeScript, of which the compiler knows every key and every value.
//
//   node check.mjs DASHBOARD.json...
//
// It ends with 1, and says where, if one has what Grafana does not know.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const literals = new Map(process.argv.slice(2).map((file, i) => [
  join(here, `literal${i}.ts`),
  { file, text: `import type { Dashboard } from './dashboard';\nexport const dashboard: Dashboard =\n${readFileSync(file, 'utf8')};\n` },
]));
if (literals.size === 0) {
  console.error('usage: node check.mjs DASHBOARD.json...');
  process.exit(2);
}

const options = {
  strict: true, noEmit: true, skipLibCheck: true, types: [],
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const host = ts.createCompilerHost(options);
const { readFile, fileExists, getSourceFile } = host;
host.readFile = (name) => literals.get(name)?.text ?? readFile(name);
host.fileExists = (name) => literals.has(name) || fileExists(name);
host.getSourceFile = (name, target, ...rest) =>
  literals.has(name) ? ts.createSourceFile(name, literals.get(name).text, target) : getSourceFile(name, target, ...rest);

const found = ts.getPreEmitDiagnostics(ts.createProgram([...literals.keys(), join(here, 'dashboard.d.ts')], options, host));
for (const d of found) {
  const text = ts.flattenDiagnosticMessageText(d.messageText, '\n');
  const literal = d.file && literals.get(d.file.fileName);
  // Two lines come before the JSON.
  const line = d.file ? d.file.getLineAndCharacterOfPosition(d.start).line + (literal ? -1 : 1) : 0;
  console.error(`${literal?.file ?? d.file?.fileName ?? ''}:${line}: ${text}`);
}
process.exit(found.length ? 1 : 0);
