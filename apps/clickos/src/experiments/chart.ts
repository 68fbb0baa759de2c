/**
 * Draws charts as SVG with ECharts, which needs no browser for it. This file brings the library: it is loaded when there is
 * something to draw.
 *
 * A picture has its colours in attributes, as for a light page; where the reader prefers dark ones, its style sheet replaces those of
 * text, axes and background. Colours of series suit both.
 */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Cell, ChartDescription, ResultTable, Row } from "./experiment.ts";
import { columnTitle, escaped } from "./text.ts";

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

export const chartSize = { width: 720, height: 380 } as const;

/** As attributes have them, and in place of them where dark is preferred. */
const colours = {
  ink: ["#1f2328", "#e6edf3"],
  soft: ["#57606a", "#9ba6b2"],
  grid: ["#d8dee4", "#30363d"],
  ground: ["#fefefe", "#0d1117"],
  mark: ["#b3261e", "#ff8a80"],
} as const;
/** Told apart by those who see few colours too: after Okabe and Ito, readable on light and dark. */
const series = ["#2f7fc1", "#d5740c", "#159a72", "#b0579b", "#8a7a12", "#3fa9d6", "#6b6f76"];
const symbols = ["circle", "rect", "triangle", "diamond", "roundRect", "pin", "arrow"];

const darkStyle = `<style>@media screen and (prefers-color-scheme: dark) {${Object.values(colours)
  .map(([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`)
  .join("")}}</style>`;

const [font, text] = ["system-ui, sans-serif", { color: colours.soft[0], fontSize: 12 }];

/** @returns an SVG document, for a file or, without its title, for a page. @throws {RangeError} for a table without a chart. */
export function drawChart(table: ResultTable, { titled = true }: { readonly titled?: boolean } = {}): string {
  const { chart } = table;
  if (!chart) throw new RangeError(`table '${table.name}' has no chart`);
  const canvas = init(null, null, { renderer: "svg", ssr: true, ...chartSize });
  canvas.setOption({
    animation: false,
    color: series,
    backgroundColor: colours.ground[0],
    textStyle: { fontFamily: font },
    title: {
      show: titled,
      text: table.title,
      left: 12,
      top: 8,
      textStyle: {
        color: colours.ink[0],
        fontSize: 15,
        fontWeight: 600,
        width: chartSize.width - 24,
        overflow: "truncate",
      },
    },
    // How wide text is, is estimated: the reader's font may be wider.
    legend: { top: titled ? 36 : 8, left: 8, itemGap: 30, itemWidth: 18, textStyle: text },
    grid: {
      left: 16,
      right: 28,
      top: titled ? 92 : 64,
      bottom: 36,
      outerBoundsMode: "same",
      outerBoundsContain: "axisLabel",
    },
    ...axes(table, chart),
    series: seriesOf(table, chart),
  });
  const svg = canvas.renderToSVGString();
  canvas.dispose();
  return svg
    .replace(/^<svg /, `<svg role="img" aria-label="${escaped(`Chart: ${table.title}`)}" `)
    .replace(/>/, `>${darkStyle}`);
}

function axes(table: ResultTable, chart: ChartDescription): object {
  const column = table.columns.find(({ key }) => key === chart.x);
  const axisName = { nameTextStyle: text, axisLabel: text, axisLine: { lineStyle: { color: colours.soft[0] } } };
  const splitLine = { lineStyle: { color: colours.grid[0] } };
  const numbers = chart.kind === "line" && table.rows.every((row) => typeof row[chart.x] === "number");
  const names = categories(table.rows, chart.x);
  const crowded = !numbers && names.length > manyNames;
  return {
    xAxis: {
      ...axisName,
      // Where names stand aslant, there is no room for it, nor need.
      name: crowded ? "" : column ? columnTitle(column) : chart.x,
      nameLocation: "middle",
      nameGap: 28,
      ...(numbers
        ? {
            type: chart.logX ? "log" : "value",
            splitLine: { show: false },
            min: chart.logX ? "dataMin" : 0,
            max: "dataMax",
          }
        : {
            type: "category",
            data: names,
            axisLabel: { ...text, interval: 0, rotate: crowded ? 40 : 0 },
          }),
    },
    yAxis: {
      ...axisName,
      name: chart.yTitle,
      // Above the axis, from its left end.
      nameTextStyle: { ...text, align: "left", padding: [0, 0, 0, -8] },
      type: chart.logY ? "log" : "value",
      splitLine,
      axisLabel: { ...text, formatter: axisNumber },
      ...rangeOf(table, chart),
    },
  };
}

const axisNumber = (value: number): string => value.toLocaleString("en-US", { maximumSignificantDigits: 3 });

/** The axis has the marks too; a logarithmic one goes from power to power of ten. */
function rangeOf({ rows }: ResultTable, { y, logY, marks = [] }: ChartDescription): object {
  const values = rows.flatMap((row) => y.map((key) => row[key])).filter((cell) => drawable(cell, logY)) as number[];
  const all = [...values, ...marks.map((mark) => mark.y)];
  if (logY)
    return {
      min: 10 ** Math.floor(Math.log10(Math.min(...all))),
      max: 10 ** Math.ceil(Math.log10(Math.max(...all)) + 1e-9),
    };
  const highest = Math.max(...marks.map((mark) => mark.y));
  return highest > Math.max(...values) ? { max: highest * 1.1 } : {};
}

/** Names that fit beside each other along the axis. */
const manyNames = 8;

/** Values of a column in their order, each once. */
function categories(rows: readonly Row[], key: string): string[] {
  return [...new Set(rows.map((row) => String(row[key] ?? "")))];
}

function seriesOf(table: ResultTable, chart: ChartDescription): object[] {
  const groups = chart.by === undefined ? [undefined] : categories(table.rows, chart.by);
  const numbers = chart.kind === "line" && table.rows.every((row) => typeof row[chart.x] === "number");
  const list = groups.flatMap((group) => {
    const rows =
      group === undefined ? table.rows : table.rows.filter((row) => String(row[chart.by as string] ?? "") === group);
    return chart.y.map((key) => {
      const title = table.columns.find((c) => c.key === key)?.title ?? key;
      return {
        name: group === undefined ? title : chart.y.length > 1 ? `${group}: ${title}` : group,
        type: chart.kind,
        ...(chart.stacked ? { stack: "all" } : {}),
        // A picture on paper or a page: nothing answers to a pointer.
        silent: true,
        emphasis: { disabled: true },
        barMaxWidth: 48,
        symbolSize: 7,
        data: rows
          .filter((row) => drawable(row[key], chart.logY))
          .map((row) => [numbers ? (row[chart.x] as number) : String(row[chart.x] ?? ""), row[key] as number]),
      };
    });
  });
  const marked = {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.mark[0], type: "dashed" },
    data: (chart.marks ?? []).map(({ name, y }) => ({
      yAxis: y,
      label: { formatter: name, color: colours.mark[0], position: "insideEndTop" },
    })),
  };
  return list
    .filter(({ data }) => data.length > 0)
    .map((one, i) => ({
      ...one,
      symbol: symbols[i % symbols.length],
      ...(i === 0 && marked.data.length > 0 ? { markLine: marked } : {}),
    }));
}

/** Logarithms are of positive numbers only. */
const drawable = (cell: Cell | undefined, logarithmic: boolean | undefined): boolean =>
  typeof cell === "number" && Number.isFinite(cell) && (!logarithmic || cell > 0);
