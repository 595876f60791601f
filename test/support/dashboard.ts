import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface Expression {
  readonly expr?: string;
}

/** What is read of a Grafana dashboard. */
export interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
    readonly targets?: readonly Expression[];
  }[];
  readonly annotations: { readonly list: readonly Expression[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

/** The documented dashboard. */
export const DASHBOARD = JSON.parse(
  readFileSync(resolve('docs/grafana/vintagestory.json'), 'utf8'),
) as Dashboard;

/** Every expression of it, with the values of its variables, as Grafana sends it. */
export function expressionsOf(dashboard: Dashboard, values: Readonly<Record<string, string>>): string[] {
  const asked = [...dashboard.panels.flatMap(({ targets = [] }) => targets), ...dashboard.annotations.list];
  const written = asked.flatMap(({ expr }) => expr ?? []);
  return written.map((expr) =>
    Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`$${name}`, value), expr),
  );
}
