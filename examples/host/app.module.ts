import { type CanActivate, Controller, type ExecutionContext, Get, Injectable, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Interval, ScheduleModule } from '@nestjs/schedule';
import { MetricsModule, MetricsService, type MetricsSnapshot } from 'vintagestory-metrics';
import { GameModule } from './game.module.js';

/** The application's own guard: it lets in who says please. */
@Injectable()
class PoliteGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    return headers['x-please'] === 'yes';
  }
}

@Controller('game')
class GameController {
  private beats = 0;

  constructor(private readonly metrics: MetricsService) {}

  @Interval(100)
  beat(): void {
    this.beats += 1;
  }

  @Get('load')
  load(): { latest: MetricsSnapshot | null; count: number; capacity: number; beats: number } {
    const { current, buffer } = this.metrics;
    return { latest: current, count: buffer.length, capacity: buffer.capacity, beats: this.beats };
  }
}

@Module({
  imports: [ScheduleModule.forRoot(), GameModule, MetricsModule],
  controllers: [GameController],
  providers: [{ provide: APP_GUARD, useClass: PoliteGuard }],
})
export class AppModule {}
