import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { inspect } from 'node:util';
import { visibleText } from './visible-text.js';

/** Nest's logger, which shows every message as {@link visibleText}; the colours are its own. */
export class VisibleLogger extends ConsoleLogger {
  protected override formatMessage(
    level: LogLevel,
    message: unknown,
    ...rest: [string, string, string, string, Record<string, unknown>?]
  ): string {
    const text =
      typeof message === 'string' ? message : inspect(message, { ...this.inspectOptions, colors: false });
    return super.formatMessage(level, visibleText(text), ...rest);
  }

  protected override stringifyParams(params: Record<string, unknown>): string {
    return visibleText(inspect(params, { ...this.inspectOptions, colors: false, compact: true }));
  }

  protected override printStackTrace(stack: string): void {
    super.printStackTrace(stack && visibleText(`\n${stack}`).slice(1));
  }
}
