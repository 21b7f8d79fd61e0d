// What a dashboard of Grafana may have, in the words of Grafana's own schema. JSON writes
// the strings of an enumeration, and may leave out what has a default.
import type * as grafana from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { FieldConfig as TableField, Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type { FieldConfig as SeriesField, Options as SeriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type { FieldConfig as TimelineField, Options as TimelineOptions } from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';

type Written<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends Array<infer E> ? Array<Written<E>> : T extends object ? { [K in keyof T]?: Written<T[K]> } : T;

// A query of the Prometheus data source, whose types are not in the schema.
interface Query {
  refId: string;
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  editorMode: 'code';
  expr: string;
  instant?: boolean;
  range?: boolean;
  interval?: string;
  format?: 'time_series' | 'table';
  legendFormat: string;
}

// The properties of an override are those of a field, each by its path.
interface Override {
  matcher: { id: 'byName' | 'byRegexp' | 'byFrameRefID'; options: string };
  properties: Array<
    | { id: 'unit'; value: string }
    | { id: 'decimals'; value: number }
    | { id: 'color'; value: Written<grafana.FieldColor> }
    | { id: 'thresholds'; value: Written<grafana.ThresholdsConfig> }
    | { id: 'mappings'; value: Array<Written<grafana.ValueMapping>> }
    | { id: 'links'; value: Array<{ title: string; url: string; targetBlank: boolean }> }
    | { id: 'custom.width'; value: number }
    | { id: 'custom.cellOptions'; value: Written<grafana.TableCellOptions> }
  >;
}

type Transformation =
  | { id: 'merge'; options: Record<string, never> }
  | { id: 'organize'; options: { excludeByName: Record<string, boolean>; indexByName: Record<string, number>; renameByName: Record<string, string>; includeByName: Record<string, boolean> } };

type Shown<Type extends string, Options, Custom> = Omit<Written<grafana.Panel>, 'type' | 'options' | 'fieldConfig' | 'targets' | 'transformations'> & {
  type: Type;
  options: Written<Options>;
  fieldConfig: { defaults: Omit<Written<grafana.FieldConfig>, 'custom'> & { custom?: Written<Custom> }; overrides: Override[] };
  targets: Query[];
  transformations?: Transformation[];
};

type Panel =
  | Shown<'stat', StatOptions, never>
  | Shown<'table', TableOptions, TableField>
  | Shown<'timeseries', SeriesOptions, SeriesField>
  | Shown<'state-timeline', TimelineOptions, TimelineField>;

type Row = Omit<Written<grafana.RowPanel>, 'panels'> & { type: 'row'; panels: Panel[] };

// The formats are those of the Prometheus data source.
type Annotation = Omit<Written<grafana.AnnotationQuery>, 'target'> & { target: Query; titleFormat: string; textFormat: string };

export type Dashboard = Omit<Written<grafana.Dashboard>, 'panels' | 'annotations'> & {
  panels: Array<Panel | Row>;
  annotations: { list: Annotation[] };
};
