echo loaded
