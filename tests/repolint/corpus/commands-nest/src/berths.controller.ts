@Controller('berths')
export class BerthsController {
  @Get()
  all() {}

  @Get(':id/moorings')
  moorings() {}

  @Post('reserve')
  reserve() {}
}

@Controller({ path: 'health', version: '2' })
export class HealthController {
  @Get('ready')
  ready() {}
}

@Controller(PATHS.tides)
export class TidesController {
  @Get('today')
  today() {}
}
