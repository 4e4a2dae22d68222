echo mute
