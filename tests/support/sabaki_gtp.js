// Drives a GTP engine with Sabaki's own client library and prints what it saw as JSON.
// Usage: node sabaki_gtp.js FOLDER_OF_NODE_MODULES ENGINE ARGUMENT...

const [modules, engine, ...args] = process.argv.slice(2)
const {Controller, ControllerStateTracker} = require(`${modules}/@sabaki/gtp`)

const seen = {stderr: [], responses: []}
const controller = new Controller(engine, args)
const tracker = new ControllerStateTracker(controller)

controller.on('stderr', ({content}) => seen.stderr.push(content))
controller.on('response-received', ({command, response}) => {
  seen.responses.push([command.name, response.error, response.content])
})

const ask = async (name, ...rest) => (await controller.sendCommand({name, args: rest})).content

// Starts an analysis, waits for some lines of output, ends it as `end` says and returns the lines.
const analyze = async (name, rest, count, end) => {
  const lines = []
  let enough
  const wait = new Promise(resolve => (enough = resolve))
  const response = controller.sendCommand({name, args: rest}, ({line}) => {
    if (line.startsWith('info ')) lines.push(line)
    if (lines.length >= count) enough()
  })
  await wait
  const next = end()
  await response
  return [lines, await next]
}

const moves = texts => texts.map(text => ({name: 'play', args: text.split(' ')}))
const board = async () => (await ask('final_status_list', 'alive')).split(/\s+/).filter(x => x)

const main = async () => {
  seen.name = await ask('name')
  const state = {komi: 6.5, boardsize: [9, 9], timeSettings: {mainTime: 5, byoyomiTime: 0, byoyomiStones: 0}}
  await tracker.sync({...state, history: moves(['B E5', 'W C3', 'B G7', 'W C7'])})
  seen.four = await board()
  await tracker.sync({...state, history: moves(['B E5', 'W C3', 'B G7'])})
  await tracker.sync({...state, history: moves(['B E5', 'W C3', 'B C6', 'W D3'])})
  seen.branch = await board()
  const handicap = {name: 'set_free_handicap', args: ['C3', 'G7']}
  await tracker.sync({...state, boardsize: [9, 7], history: [handicap, ...moves(['W E5'])]})
  await tracker.sync({...state, boardsize: [9, 7], history: moves(['B E4'])})
  seen.oblong = await board()
  await tracker.sync({...state, history: moves(['B E5'])})
  seen.kata = await analyze('kata-analyze', ['W', '10', 'ownership', 'true'], 3, () => ask('get_komi'))
  seen.lz = await analyze('lz-analyze', ['W', '10'], 2, () => controller.process.stdin.write('\n'))
  seen.after = await ask('protocol_version')
  seen.illegal = await controller.sendCommand({name: 'play', args: ['W', 'E5']})
  await controller.sendCommand({name: 'genmove', args: ['W']})
  const lines = []
  await controller.sendCommand({name: 'kata-genmove_analyze', args: ['B', '10']}, ({line}) => lines.push(line))
  seen.genmove = lines
  await new Promise(resolve => setTimeout(resolve, 0)) // lets the tracker note the move
  seen.history = tracker.state.history.map(({name, args}) => [name, ...args])
  seen.final = await board()
  seen.parallel = await Promise.all([ask('name'), ask('komi', '7.5'), ask('get_komi')])
  await controller.stop()
  seen.stopped = controller.process == null
  console.log(JSON.stringify(seen))
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
