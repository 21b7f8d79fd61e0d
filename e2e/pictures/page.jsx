// Draws a dashboard, or some of its rows, from the Prometheus behind /api:
//
//   index.html?dashboard=conversations.json&rows=Now|Queues&hours=1
//
// Fields, units, colours, transformations and the drawing of figures, curves, tables and
// legends are Grafana's. What its server and its page would do is ours: who serves the
// dashboard has put in the variables, and here the queries are asked, the panels laid out, and the
// timeline of states drawn. Where all is drawn, the title of the document is "drawn", or tells
// what failed.
import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, dateTime, FieldConfigOptionsRegistry, FieldType, getFieldDisplayValues,
  standardTransformers, standardTransformersRegistry, ThemeContext, toDataFrame, transformDataFrame,
} from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, TimeSeries, VizLegend } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { firstValueFrom } from 'rxjs';

const params = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: params.get('theme') ?? 'dark' } });
const to = Math.floor(Date.now() / 1000), from = to - 3600 * Number(params.get('hours') ?? 1);
const step = Math.max(15, Math.round((to - from) / 200));
const range = { from: dateTime(1000 * from), to: dateTime(1000 * to), raw: { from: 'now-1h', to: 'now' } };
const column = (params.get('width') ?? 1600) / 24, line = 38;

// Grafana has this list beside its panels; each entry takes a property as it is.
const standard = ['unit', 'decimals', 'color', 'thresholds', 'mappings', 'noValue', 'min', 'max', 'links'];
const registry = new FieldConfigOptionsRegistry(() => {
  const entry = (id, path, isCustom) => ({ id, path, isCustom, name: id, process: (value) => value, override: (value) => value, shouldApply: () => true, getItemsCount: () => 0 });
  const custom = ['align', 'minWidth', 'width', 'cellOptions', 'filterable', 'inspect', 'drawStyle', 'lineInterpolation', 'lineWidth', 'fillOpacity', 'gradientMode', 'showPoints', 'pointSize', 'spanNulls', 'insertNulls',
    'barAlignment', 'barWidthFactor', 'axisPlacement', 'axisLabel', 'axisColorMode', 'axisBorderShow', 'axisCenteredZero', 'scaleDistribution', 'stacking', 'thresholdsStyle', 'hideFrom'];
  return [...standard.map((id) => entry(id, id, false)), ...custom.map((id) => entry(`custom.${id}`, id, true))];
});
standardTransformersRegistry.setInit(() => [...new Map(Object.values(standardTransformers).map((t) => [t.id, { id: t.id, name: t.name, transformation: () => Promise.resolve(t) }])).values()]);

async function ask(query) {
  const parts = query.instant ? { query: query.expr, time: to } : { query: query.expr, start: from, end: to, step };
  const response = await fetch(`/api/v1/query${query.instant ? '' : '_range'}?${new URLSearchParams(parts)}`);
  const answer = await response.json();
  if (answer.status !== 'success') throw new Error(`${answer.error}: ${query.expr}`);
  return answer.data.result;
}

// A table is one frame a query, of labels and a value; anything else one frame a series.
function frames(query, result, many) {
  if (query.format === 'table') {
    const labels = [...new Set(result.flatMap((r) => Object.keys(r.metric)))];
    return result.length === 0 ? [] : [toDataFrame({ refId: query.refId, fields: [
      { name: 'Time', type: FieldType.time, values: result.map((r) => 1000 * r.value[0]) },
      ...labels.map((l) => ({ name: l, type: FieldType.string, values: result.map((r) => r.metric[l] ?? '') })),
      { name: many ? `Value #${query.refId}` : 'Value', type: FieldType.number, values: result.map((r) => Number(r.value[1])) },
    ] })];
  }
  return result.map((r) => {
    // What is no number, such as a share of nothing, Grafana's server leaves out.
    const points = new Map((r.values ?? [r.value]).filter(([, v]) => v !== 'NaN').map(([at, v]) => [at, Number(v)]));
    const times = query.instant ? [...points.keys()] : Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
    const name = query.legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, l) => r.metric[l] ?? '');
    return toDataFrame({ refId: query.refId, name, fields: [
      { name: 'Time', type: FieldType.time, values: times.map((t) => 1000 * t) },
      { name: 'Value', type: FieldType.number, labels: r.metric, config: { displayNameFromDS: name }, values: times.map((t) => points.get(t) ?? null) },
    ] });
  });
}

async function load(panel) {
  const raw = (await Promise.all(panel.targets.map(async (q) => frames(q, await ask(q), panel.targets.length > 1)))).flat();
  const data = await firstValueFrom(transformDataFrame(panel.transformations ?? [], raw));
  const fields = applyFieldOverrides({ data, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, replaceVariables: (text) => text, theme, timeZone: 'utc' });
  cacheFieldDisplayNames(fields);
  return fields;
}

function Stat({ panel, data, width, height }) {
  const values = getFieldDisplayValues({ fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text) => text, theme, data, timeZone: 'utc' });
  return <div style={{ display: 'flex', width, height }}>{values.map((v, i) => <BigValue key={i} theme={theme} width={width / values.length} height={height} count={values.length} value={v.display} {...panel.options} disableWideLayout={!panel.options.wideLayout} />)}</div>;
}

// The timeline of states is not among the packages, so it is drawn here, in their colours.
function Timeline({ data, width, height }) {
  const row = Math.min(60, (height - 60) / data.length), left = 24 + 7 * Math.max(...data.map((f) => f.name.length));
  const items = new Map();
  const cells = data.flatMap((frame, y) => frame.fields[1].values.map((v, x, all) => {
    if (v === null) return null;
    const shown = frame.fields[1].display(v), wide = (width - left - 10) / all.length;
    items.set(shown.text, { label: shown.text, color: shown.color, yAxis: 1 });
    return <rect key={`${x} ${y}`} x={left + x * wide} y={y * row} width={wide + 1} height={row - 8} fill={shown.color} opacity={0.8} />;
  }));
  const text = { fill: theme.colors.text.primary, fontSize: 12 };
  const ticks = [0, 1, 2, 3, 4, 5].map((i) => ({ x: left + i * (width - left - 10) / 5, at: dateTime(1000 * (from + i * (to - from) / 5)).utc().format('HH:mm:ss') }));
  return <div><svg width={width} height={height - 34}>{cells}{data.map((f, y) => <text key={y} x={8} y={y * row + row / 2} {...text}>{f.name}</text>)}
    {ticks.map(({ x, at }, i) => <text key={at} x={x} y={data.length * row + 14} textAnchor={['start', 'middle', 'middle', 'middle', 'middle', 'end'][i]} {...text}>{at}</text>)}</svg>
    <VizLegend displayMode="list" placement="bottom" items={[...items.values()]} /></div>;
}

function Content({ panel, data, width, height }) {
  const empty = data.every((f) => f.length === 0);
  if (panel.type === 'stat') return <Stat {...{ panel, data, width, height }} />;
  if (empty) return <div style={{ padding: 16, color: theme.colors.text.secondary }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
  if (panel.type === 'table') {
    return <TableNG data={data[0]} {...{ width, height }} cellHeight={panel.options.cellHeight} sortBy={panel.options.sortBy} structureRev={1}
      fieldConfig={panel.fieldConfig} getActions={() => []} timeRange={range} disableSanitizeHtml={false} />;
  }
  if (panel.type === 'state-timeline') return <Timeline {...{ data, width, height }} />;
  return <TimeSeries frames={data} {...{ width, height }} timeRange={range} timeZone="utc" legend={panel.options.legend} options={panel.options} />;
}

// A row with its panels, folded or not. What is above the first row is one, too.
function sections(dashboard) {
  const list = [];
  for (const p of dashboard.panels) {
    if (p.type === 'row' || list.length === 0) list.push({ title: p.type === 'row' ? p.title : '', items: [] });
    list.at(-1).items.push(p, ...(p.panels ?? []));
  }
  const wanted = params.get('rows') ? params.get('rows').split('|') : list.map((s) => s.title);
  return list.filter((s) => wanted.includes(s.title));
}

function Dashboard({ dashboard, loaded }) {
  let height = 0;
  // A row lies where the one above it ends, as some are folded and others are not drawn.
  const items = sections(dashboard).flatMap((s) => {
    const first = Math.min(...s.items.map((p) => p.gridPos.y)), above = height;
    height += Math.max(...s.items.map((p) => p.gridPos.y + p.gridPos.h)) - first;
    return s.items.map((p) => ({ p, top: above + p.gridPos.y - first }));
  });
  return <div style={{ position: 'relative', width: 24 * column, height: height * line + 4, overflow: 'hidden', background: theme.colors.background.canvas }}>{items.map(({ p, top }) => {
    const { x, w, h } = p.gridPos;
    const box = { position: 'absolute', left: x * column + 4, top: top * line + 4, width: w * column - 8, height: h * line - 8 };
    if (p.type === 'row') return <h3 key={p.id} style={{ ...box, fontSize: 16, color: theme.colors.text.primary }}>{p.title}</h3>;
    return <div key={p.id} style={box}><PanelChrome title={p.title} description={p.description} width={box.width} height={box.height} padding={p.type === 'table' ? 'none' : 'sm'}>
      {(width, height) => <Content panel={p} data={loaded.get(p.id)} {...{ width, height }} />}</PanelChrome></div>;
  })}</div>;
}

function App() {
  const [state, setState] = useState();
  useEffect(() => {
    (async () => {
      const dashboard = await (await fetch(`dashboards/${params.get('dashboard')}`)).json();
      const panels = sections(dashboard).flatMap((s) => s.items).filter((p) => p.type !== 'row');
      const loaded = new Map();
      for (const p of panels) loaded.set(p.id, await load(p));
      setState({ dashboard, loaded });
      setTimeout(() => { document.title = 'drawn'; }, 1500);
    })().catch((err) => { document.title = `failed: ${err.message}`; throw err; });
  }, []);
  const context = useMemo(() => theme, []);
  return state ? <ThemeContext.Provider value={context}><GlobalStyles /><Dashboard {...state} /></ThemeContext.Provider> : null;
}

Object.assign(document.body.style, { margin: 0, background: theme.colors.background.canvas, color: theme.colors.text.primary, fontFamily: theme.typography.fontFamily });
window.addEventListener('error', (event) => { document.title = `failed: ${event.message}`; });
createRoot(document.getElementById('root')).render(<App />);
