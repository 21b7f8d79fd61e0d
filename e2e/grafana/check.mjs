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
const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node check.mjs DASHBOARD.json...');
  process.exit(2);
}

// The oldest Grafana that the README names, and a current one. What the oldest does not know
// yet it passes over: it does what is written there anyway, and a timeline has one page.
const schemas = [
  { folder: join(here, 'node_modules/grafana-schema-11'), later: /"(insertNulls|hideZeros)": false,?|"percentChangeColorMode": "standard",?|"perPage": \d+,?/g },
  { folder: join(here, 'node_modules/@grafana/schema') },
];

// diagnose tells what one of them does not know.
function diagnose({ folder, later }) {
  const literals = new Map(files.map((file, i) => {
    const json = readFileSync(file, 'utf8').replaceAll(later ?? /$^/g, '');
    return [join(here, `literal${i}.ts`), { file, text: `import type { Dashboard } from './dashboard';\nexport const dashboard: Dashboard =\n${json};\n` }];
  }));
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [],
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { '@grafana/schema': [folder], '@grafana/schema/*': [join(folder, '*')] },
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (name) => literals.get(name)?.text ?? readFile(name);
  host.fileExists = (name) => literals.has(name) || fileExists(name);
  host.getSourceFile = (name, target, ...rest) =>
    literals.has(name) ? ts.createSourceFile(name, literals.get(name).text, target) : getSourceFile(name, target, ...rest);

  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return ts.getPreEmitDiagnostics(ts.createProgram([...literals.keys(), join(here, 'dashboard.d.ts')], options, host)).map((d) => {
    const text = ts.flattenDiagnosticMessageText(d.messageText, '\n');
    const literal = d.file && literals.get(d.file.fileName);
    // Two lines come before the JSON.
    const line = d.file ? d.file.getLineAndCharacterOfPosition(d.start).line + (literal ? -1 : 1) : 0;
    return `${literal?.file ?? d.file?.fileName ?? ''}:${line}: Grafana ${version}: ${text}`;
  });
}

const found = schemas.flatMap(diagnose);
for (const line of found) console.error(line);
process.exit(found.length ? 1 : 0);
